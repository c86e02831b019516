import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CdcError } from "../../../src/errors.ts";
import { decodeTaskRecord, encodeTaskRecord } from "../../../src/state/position-record.ts";
import { registerSyncs } from "../../../src/state/sync-registry.ts";

const s = suite("state: the syncs that stored rows know");

const A = { name: "a", fingerprint: "fa" };
const B = { name: "b", fingerprint: "fb" };
const FOLDER = "/state/shop/t/0";

const stored = [
  { ...A, boundary: 5 },
  { ...B, boundary: 5 },
];

s("should number the syncs of an empty state and give them its boundary", () => {
  assert.equal(registerSyncs(null, [A, B], 9, FOLDER), [
    { ...A, boundary: 9 },
    { ...B, boundary: 9 },
  ]);
});

s(
  "should keep numbers and boundaries, whatever the order of the settings and the end of the log",
  () => {
    assert.equal(registerSyncs(stored, [B, A], 999, FOLDER), stored);
  },
);

s("should retire a sync that was taken out, and leave the others their numbers", () => {
  assert.equal(registerSyncs(stored, [B], 999, FOLDER), [
    { ...A, boundary: 5, retired: true },
    { ...B, boundary: 5 },
  ]);
});

const REFUSED: readonly (readonly [title: string, current: readonly (typeof A)[], text: RegExp])[] =
  [
    ["new", [A, B, { name: "c", fingerprint: "fc" }], /"c" is new/],
    [
      "changed",
      [{ ...A, fingerprint: "other" }, B],
      /"a" has another filter, user, mapping or type/,
    ],
  ];

for (const [title, current, text] of REFUSED) {
  s(`should refuse a ${title} sync, naming it, the folder and the ways out`, () => {
    assert.throws(
      () => registerSyncs(stored, current, 9, FOLDER),
      (error: CdcError) =>
        error.code === "SYNCS_CHANGED" &&
        text.test(error.message) &&
        error.message.includes(FOLDER) &&
        /another `name`.*put the setting back.*remove that folder/.test(error.message),
    );
  });
}

s("should refuse a retired sync that comes back: it missed what happened meanwhile", () => {
  const retired = registerSyncs(stored, [B], 9, FOLDER);
  assert.throws(() => registerSyncs(retired, [A, B], 9, FOLDER), /"a" is new/);
});

s("should give back the task's record as it was written", () => {
  const position = {
    next: 2 ** 53 - 1,
    lastDelete: '["a\\n"]',
    streaming: true,
    truncated: { position: "postgresql|1", time: 5 },
    control: 7,
    snapshot: { id: "postgresql|1", began: 3, open: true },
    reconcile: "{}",
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
