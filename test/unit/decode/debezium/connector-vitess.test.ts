import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ColumnType } from "../../../../src/decode/value/column-types.ts";
import { comesBefore, decoded, nthRow, summaries } from "../../../support/documented.ts";

const s = suite("decode: Vitess' connector, by its documentation");

/** Without schemas: decimals and large integers are text. */
const COLUMNS: Readonly<Record<string, ColumnType>> = {
  balance: { type: "decimal" },
  big: { type: "int" },
  since: { type: "date" },
  seen_at: { type: "timestamp" },
  changed_at: { type: "timestamp" },
  prefs: { type: "json" },
};
const EVENTS = decoded("vitess", { columns: new Map(Object.entries(COLUMNS)) });
const [COPIED, UPDATE, FIRST, SECOND, DELETE, REPEATED, UNORDERED] = [
  0, 3, 4, 5, 6, 11, 15,
] as const;

s("should recognise each record", () => {
  assert.equal(summaries(EVENTS), [
    ...["create [1]", "create [2]", "create [3]", "update [1]", "update [3]", "update [3]"],
    ...["delete [2]", "tombstone [2]", "delete [3]", "tombstone [3]", "create [4]"],
    ...["update [3]", "update [3]", "delete [2]", "tombstone [2]", "update [1]", "heartbeat"],
  ]);
});

s("should read rows without schemas by the model's columns", () => {
  assert.equal(nthRow(EVENTS, COPIED).row, {
    id: 1,
    email: "a@x",
    balance: 10.5,
    big: 18446744073709551615n,
    since: "2026-01-01",
    seen_at: "2026-01-01T00:00:03.000456Z",
    changed_at: "2026-01-01T00:00:00.500Z",
    plan: "pro",
    prefs: { dark: true },
  });
  assert.is(nthRow(EVENTS, COPIED).table, "commerce.users");
});

s("should process a copied row as created: nothing marks it as a snapshot record", () => {
  assert.is(nthRow(EVENTS, COPIED).operation, "create");
  assert.is(nthRow(EVENTS, COPIED).endsSnapshot, false);
});

s("should not use the previous row", () => {
  assert.is(nthRow(EVENTS, UPDATE).before, null);
  assert.is(nthRow(EVENTS, DELETE).before, null);
});

s("should have a source position from the ordered transaction metadata", () => {
  assert.ok(comesBefore(EVENTS, UPDATE, FIRST));
  assert.ok(comesBefore(EVENTS, FIRST, SECOND));
  assert.ok(comesBefore(EVENTS, SECOND, DELETE));
  assert.is(nthRow(EVENTS, REPEATED).sourcePosition, nthRow(EVENTS, FIRST).sourcePosition);
});

s("should have no source position without them: a VGTID identifies a transaction", () => {
  assert.is(nthRow(EVENTS, UNORDERED).sourcePosition, null);
});

s.run();
