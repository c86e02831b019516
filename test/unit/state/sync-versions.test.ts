import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CdcError } from "../../../src/lib/errors.ts";
import { decodeTaskRecord, encodeTaskRecord } from "../../../src/state/checkpoint-record.ts";
import { bothPending, registerSyncs } from "../../../src/state/sync-versions.ts";

const s = suite("state: syncs of the stored rows");

const FINGERPRINT = { reading: "r", type: "track", filter: "f", users: "u", mapping: "m" };
const A = { name: "a", fingerprint: FINGERPRINT };
const B = { name: "b", fingerprint: { ...FINGERPRINT, filter: "fb" } };
const C = { name: "c", fingerprint: FINGERPRINT };

const stored = [
  { ...A, boundary: 5 },
  { ...B, boundary: 5 },
];

s("should number the syncs of an empty state without a backfill", () => {
  assert.equal(registerSyncs(null, [A, B], 9), {
    syncs: [
      { ...A, boundary: 9 },
      { ...B, boundary: 9 },
    ],
    pending: {},
  });
});

s(
  "should keep numbers and boundaries if the order of the settings and the end of the log change",
  () => {
    assert.equal(registerSyncs(stored, [B, A], 999), { syncs: stored, pending: {} });
  },
);

s("should retire a removed sync and keep the numbers of the others", () => {
  const { syncs, pending } = registerSyncs(stored, [B], 999);
  assert.equal(syncs, [
    { ...A, boundary: 5, retired: true },
    { ...B, boundary: 5 },
  ]);
  assert.equal(pending, {});
});

s("should backfill a new sync, and a retired one that returns, from no messages", () => {
  const added = registerSyncs(stored, [A, B, C], 9);
  assert.equal(added.syncs[2], { ...C, boundary: 9 });
  assert.equal(added.pending, { 2: "new" });
  const back = registerSyncs(registerSyncs(stored, [B], 9).syncs, [A, B], 12);
  assert.equal(back.syncs[2], { ...A, boundary: 12 });
  assert.equal(back.pending, { 2: "new" });
});

const CHANGES: readonly (readonly [part: string, pending: string])[] = [
  ["filter", "filter"],
  ["mapping", "mapping"],
  ["users", "users"],
  ["type", "new"],
];
for (const [part, expected] of CHANGES) {
  s(`should backfill a sync whose ${part} changed and store its new fingerprint`, () => {
    const fingerprint = { ...FINGERPRINT, [part]: "other" };
    const { syncs, pending } = registerSyncs(stored, [{ ...A, fingerprint }, B], 9);
    assert.equal(pending, { 0: expected });
    assert.equal(syncs[0], { name: "a", fingerprint, boundary: 5 });
  });
}

s("should reject a sync whose rows were read with another key or types", () => {
  const fingerprint = { ...FINGERPRINT, reading: "other" };
  assert.throws(
    () => registerSyncs(stored, [{ ...A, fingerprint }, B], 9),
    (error: CdcError) =>
      error.code === "SYNCS_CHANGED" && /"a".*Restore them.*--rebuild/.test(error.message),
  );
});

s("should keep the stronger backfill if a sync changes again before the first has ended", () => {
  assert.equal(bothPending({ 0: "users", 1: "filter" }, { 0: "filter", 1: "mapping", 2: "new" }), {
    0: "users",
    1: "mapping",
    2: "new",
  });
});

s("should decode the task record as it was encoded", () => {
  const position = {
    next: 2 ** 53 - 1,
    lastDelete: '["a\\n"]',
    streaming: true,
    truncated: { sourcePosition: "postgresql|1", time: 5 },
    control: 7,
    snapshot: { id: "postgresql|1", firstOffset: 3, open: true, hasRejectedRecord: undefined },
    reconcile: "{}",
    backfill: { after: "[1]", pending: { 1: "new" as const } },
  };
  const { version, syncs, ...back } = decodeTaskRecord(encodeTaskRecord(position, stored));
  assert.is(version, 1);
  assert.equal(back, position);
  assert.equal(syncs, stored);
});

s("should reject a task record of another version", () => {
  assert.throws(
    () => decodeTaskRecord(Buffer.from('{"version":2}')),
    (error: CdcError) => error.code === "STATE_UNREADABLE",
  );
});

s.run();
