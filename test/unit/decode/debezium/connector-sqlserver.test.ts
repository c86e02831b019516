import { suite } from "uvu";
import * as assert from "uvu/assert";
import { comesBefore, decoded, nthRow, summaries } from "../../../support/documented.ts";

const s = suite("decode: SQL Server's connector, by its documentation");

const EVENTS = decoded("sqlserver");
const [READ, UPDATE, FIRST_IN_TRANSACTION, SECOND_IN_TRANSACTION] = [0, 3, 4, 5] as const;
const [DELETE, OLD_KEY, NEW_KEY, REPEATED, INCREMENTAL] = [6, 8, 10, 11, 14] as const;

s("should recognise each record", () => {
  assert.equal(summaries(EVENTS), [
    ...["read [1]", "read [2]", "create [3]", "update [1]", "update [3]", "update [3]"],
    ...["delete [2]", "tombstone [2]", "delete [3]", "tombstone [3]", "create [4]"],
    ...[
      "update [1]",
      "delete [2]",
      "tombstone [2]",
      "read [4]",
      "create [3]",
      "schema change",
      "transaction",
    ],
  ]);
});

s("should read each type of a column", () => {
  assert.equal(nthRow(EVENTS, READ).row, {
    id: 1,
    email: "a@x",
    active: true,
    balance: 123.45, // money has four decimals
    since: "2026-01-01",
    opens: "09:00:00",
    seen: "2026-01-01T00:00:03.000Z",
    changed: "2026-01-01T00:00:03.000456Z",
    exact: "2026-01-01T00:00:03.0004567Z", // datetime2(7): 100 ns
    signed_up: "2026-01-01T07:30:00.1234567Z",
    guid: "6F9619FF-8B86-D011-B42D-00C04FC964FF",
    notes: "<a/>",
    photo: "AQI=",
  });
  assert.equal(nthRow(EVENTS, UPDATE).row?.balance, -0.0001);
  assert.is(nthRow(EVENTS, READ).table, "dbo.users");
});

s("should process the previous row as complete", () => {
  assert.is(nthRow(EVENTS, UPDATE).before?.email, "a@x");
  assert.equal(nthRow(EVENTS, DELETE).before?.balance, null);
});

s("should have a source position for each streamed change, and none for snapshot records", () => {
  assert.is(nthRow(EVENTS, READ).sourcePosition, null);
  assert.is(nthRow(EVENTS, INCREMENTAL).sourcePosition, null);
  assert.ok(nthRow(EVENTS, INCREMENTAL).incremental);
  const streamed = [UPDATE, FIRST_IN_TRANSACTION, SECOND_IN_TRANSACTION, DELETE, OLD_KEY, NEW_KEY];
  const positions = streamed.map((index) => nthRow(EVENTS, index).sourcePosition);
  assert.is(new Set(positions).size, streamed.length);
  assert.is(nthRow(EVENTS, REPEATED).sourcePosition, nthRow(EVENTS, UPDATE).sourcePosition);
});

s("should order transactions, but not the changes within one", () => {
  assert.ok(comesBefore(EVENTS, UPDATE, FIRST_IN_TRANSACTION));
  assert.ok(comesBefore(EVENTS, SECOND_IN_TRANSACTION, DELETE));
  // The second has the smaller change_lsn, which SQL Server's documentation excludes from ordering.
  assert.not(comesBefore(EVENTS, SECOND_IN_TRANSACTION, FIRST_IN_TRANSACTION));
});

s.run();
