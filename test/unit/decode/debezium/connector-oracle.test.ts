import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Real } from "../../../../src/data/row.ts";
import { decoded, nthRow, summaries } from "../../../support/documented.ts";

const s = suite("decode: Oracle's connector, by its documentation");

const EVENTS = decoded("oracle", { followKeys: true });
const [READ, NULLS, CREATE, UPDATE, DELETE, OLD_KEY, NEW_KEY] = [0, 1, 2, 3, 6, 8, 10] as const;

s("should recognise each record", () => {
  assert.equal(summaries(EVENTS), [
    ...["read [1]", "read [2]", "create [3]", "update [1]", "update [3]", "update [3]"],
    ...["delete [2]", "tombstone [2]", "delete [3]", "tombstone [3]", "create [4]"],
    ...["truncate CRM.USERS", "heartbeat"],
  ]);
});

s("should read each type of a column", () => {
  assert.equal(nthRow(EVENTS, READ).row, {
    ID: 1,
    EMAIL: "a@x",
    CREDIT: 77.323, // NUMBER without a scale
    BALANCE: 10.5,
    BIG: new Real("12345678901234567890"),
    RATE: 1.5,
    SINCE: "2026-01-01T00:00:00.000Z", // Oracle's DATE has a time
    CHANGED: "2026-01-01T00:00:03.000456Z",
    EXACT: "2026-01-01T00:00:03.000456789Z",
    SEEN: "2026-01-01T07:30:00.123456Z",
    TERM: new Real("86400000000"),
    BIO: "long text",
    TOKEN: "AQI=",
  });
  assert.equal(nthRow(EVENTS, CREATE).row?.CREDIT, new Real("700"));
  assert.is(nthRow(EVENTS, NULLS).row?.CREDIT, null);
  assert.is(nthRow(EVENTS, READ).table, "CRM.USERS");
});

s("should recognise the placeholder of an unchanged LOB", () => {
  const { row, unavailable, before } = nthRow(EVENTS, UPDATE);
  assert.equal(unavailable, ["BIO"]);
  assert.not("BIO" in (row ?? {}));
  assert.not("BIO" in (before ?? {}));
});

s("should process the previous row as complete", () => {
  assert.is(nthRow(EVENTS, UPDATE).before?.EMAIL, "a@x");
  assert.is(nthRow(EVENTS, DELETE).before?.EMAIL, "b@x");
});

s("should not use an SCN as source position: several changes may share it", () => {
  for (const event of EVENTS)
    assert.is("sourcePosition" in event ? event.sourcePosition : null, null);
});

s("should recognise both records of a primary-key change", () => {
  assert.equal(nthRow(EVENTS, OLD_KEY).keyChange, { to: "[4]" });
  assert.equal(nthRow(EVENTS, NEW_KEY).keyChange, { from: "[3]" });
});

s.run();
