import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Real } from "../../../../src/data/row.ts";
import { CdcError } from "../../../../src/lib/errors.ts";
import { rowEvent } from "../../../support/debezium.ts";
import { comesBefore, decoded, nthRow, summaries } from "../../../support/documented.ts";

const s = suite("decode: MongoDB's connector, by its documentation");

const EVENTS = decoded("mongodb");
const [READ, CREATE, LOOKED_UP, FIRST_IN_TRANSACTION, SECOND_IN_TRANSACTION] = [
  0, 2, 3, 4, 5,
] as const;
const [REPLACED, WITH_BEFORE, WITHOUT_DOCUMENT, DELETE, DELETE_ALONE] = [6, 7, 8, 9, 11] as const;
const [REPEATED, EXTENDED] = [13, 16] as const;

const key = (number: number) => `["{\\"$oid\\": \\"596e275826f08b2730779e0${number}\\"}"]`;

s("should recognise each record", () => {
  assert.equal(summaries(EVENTS), [
    ...[`read ${key(1)}`, `read ${key(2)}`, `create ${key(3)}`, `update ${key(1)}`],
    ...[`update ${key(3)}`, `update ${key(3)}`, `update ${key(1)}`, `update ${key(1)}`],
    ...["UNKNOWN_SHAPE", `delete ${key(2)}`, `tombstone ${key(2)}`, `delete ${key(3)}`],
    ...[`tombstone ${key(3)}`, `update ${key(1)}`, `delete ${key(2)}`, `tombstone ${key(2)}`],
    ...[`create ${key(4)}`, "transaction"],
  ]);
});

const DOCUMENT = {
  _id: "596e275826f08b2730779e01",
  email: "a@x",
  visits: 42,
  big: 9007199254740993n,
  age: 7,
  score: new Real("5"),
  ratio: 0.1,
  lost: "NaN",
  credit: new Real("12345678901234567890.5"),
  since: "2026-01-01T00:00:00.123Z",
  token: "AQL/",
  uuid: "0e9a1c3e-1f1f-4b3e-8f2a-000000000001",
  tags: ["a", 1],
  address: { city: "Ulm", moved: "1970-01-01T00:00:00.000Z" },
  gone: null,
};

s("should read each type of a field in the strict and the canonical form", () => {
  assert.equal(nthRow(EVENTS, READ).row, DOCUMENT);
  assert.equal(nthRow(EVENTS, EXTENDED).row, {
    ...DOCUMENT,
    _id: "596e275826f08b2730779e04",
    email: "d@x",
  });
  assert.is(nthRow(EVENTS, READ).table, "crm.users");
});

s("should read the document that was looked up after an update, or that replaced another", () => {
  assert.is(nthRow(EVENTS, LOOKED_UP).row?.email, "a2@x");
  assert.equal(nthRow(EVENTS, REPLACED).row?.tags, []);
});

s("should apply an update to the previous document", () => {
  const { gone, ...rest } = DOCUMENT;
  assert.equal(nthRow(EVENTS, WITH_BEFORE).row, {
    ...rest,
    email: "a4@x",
    visits: 43,
    tags: ["a", "z"],
    address: { city: "Bonn" },
  });
});

s("should reject an update without a document, and name the connector's setting", () => {
  const event = EVENTS[WITHOUT_DOCUMENT];
  assert.ok(event instanceof CdcError && event.consequence === "dead-letter");
  assert.match(event.message, /capture\.mode=change_streams_update_full/);
});

s("should process the previous document as complete, if there is one", () => {
  assert.is(nthRow(EVENTS, DELETE).before?._id, "596e275826f08b2730779e02");
  assert.is(nthRow(EVENTS, DELETE_ALONE).before, null);
  assert.is(nthRow(EVENTS, WITH_BEFORE).before?.email, "a3@x");
});

s("should have a source position for each change outside a transaction", () => {
  assert.ok(comesBefore(EVENTS, LOOKED_UP, REPLACED));
  assert.is(nthRow(EVENTS, REPEATED).sourcePosition, nthRow(EVENTS, LOOKED_UP).sourcePosition);
  assert.is(nthRow(EVENTS, FIRST_IN_TRANSACTION).sourcePosition, null);
  assert.is(nthRow(EVENTS, SECOND_IN_TRANSACTION).sourcePosition, null);
});

s("should not compare a snapshot's cluster time with the wall clock of a change", () => {
  assert.ok(nthRow(EVENTS, READ).sourcePosition);
  assert.not(comesBefore(EVENTS, READ, CREATE));
});

s(
  "should have no source position for a flattened document, which may be part of a transaction",
  () => {
    const value = {
      _id: "1",
      __op: "u",
      __source_connector: "mongodb",
      __source_ts_ms: 1000,
      __source_ord: 1,
    };
    assert.is(rowEvent(value).sourcePosition, null);
  },
);

s.run();
