import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CdcError } from "../../../src/lib/errors.ts";
import { decodeTaskRecord, encodeTaskRecord } from "../../../src/state/checkpoint-record.ts";
import { bothPending, registerSyncs } from "../../../src/state/sync-versions.ts";

const s = suite("state: the syncs that stored rows know");

const FINGERPRINT = { reading: "r", type: "track", filter: "f", users: "u", mapping: "m" };
const A = { name: "a", fingerprint: FINGERPRINT };
const B = { name: "b", fingerprint: { ...FINGERPRINT, filter: "fb" } };
const C = { name: "c", fingerprint: FINGERPRINT };

const stored = [
  { ...A, boundary: 5 },
  { ...B, boundary: 5 },
];

s("should number the syncs of an empty state, with nothing to hold against them", () => {
  assert.equal(registerSyncs(null, [A, B], 9), {
    syncs: [
      { ...A, boundary: 9 },
      { ...B, boundary: 9 },
    ],
    pending: {},
  });
});

s(
  "should keep numbers and boundaries, whatever the order of the settings and the log's end",
  () => {
    assert.equal(registerSyncs(stored, [B, A], 999), { syncs: stored, pending: {} });
  },
);

s("should retire a sync that was taken out, and leave the others their numbers", () => {
  const { syncs, pending } = registerSyncs(stored, [B], 999);
  assert.equal(syncs, [
    { ...A, boundary: 5, retired: true },
    { ...B, boundary: 5 },
  ]);
  assert.equal(pending, {});
});

s("should take a new sync, and a retired one that comes back, as one that saw nothing yet", () => {
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
  s(`should hold the rows against a sync of which the ${part} changed, and take it over`, () => {
    const fingerprint = { ...FINGERPRINT, [part]: "other" };
    const { syncs, pending } = registerSyncs(stored, [{ ...A, fingerprint }, B], 9);
    assert.equal(pending, { 0: expected });
    assert.equal(syncs[0], { name: "a", fingerprint, boundary: 5 });
  });
}

s("should refuse a sync whose rows were read otherwise, and name the ways out", () => {
  const fingerprint = { ...FINGERPRINT, reading: "other" };
  assert.throws(
    () => registerSyncs(stored, [{ ...A, fingerprint }, B], 9),
    (error: CdcError) =>
      error.code === "SYNCS_CHANGED" && /"a".*Put them back.*--rebuild/.test(error.message),
  );
});

s("should keep what asks for more, where a sync changes again before its rows were seen", () => {
  assert.equal(bothPending({ 0: "users", 1: "filter" }, { 0: "filter", 1: "mapping", 2: "new" }), {
    0: "users",
    1: "mapping",
    2: "new",
  });
});

s("should give back the task's record as it was written", () => {
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

s("should refuse a task's record of another version", () => {
  assert.throws(
    () => decodeTaskRecord(Buffer.from('{"version":2}')),
    (error: CdcError) => error.code === "STATE_UNREADABLE",
  );
});

s.run();
