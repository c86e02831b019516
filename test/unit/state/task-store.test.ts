import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StoredRow } from "../../../src/data/stored-row.ts";
import { type CheckpointRecord, INITIAL_CHECKPOINT } from "../../../src/state/checkpoint-record.ts";
import { type PendingState, TaskStore } from "../../../src/state/task-store.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { flush, VirtualClock } from "../../support/virtual-clock.ts";

const s = suite("state: store of one task");

const DAY_MS = 86_400_000;
const SYNCS = [
  {
    name: "a",
    fingerprint: { reading: "r", type: "track", filter: "f", users: "u", mapping: "m" },
    boundary: 0,
  },
];

function open(store = new MemoryStore(), clock = new VirtualClock()) {
  return { store, clock, state: new TaskStore(store, clock, 7 * DAY_MS) };
}

const rowOf = (v: number | null): StoredRow => ({
  row: v === null ? null : { v },
  offset: 0,
  sourcePosition: null,
  time: 0,
  members: [],
  since: [],
  pinned: [],
  unknown: [],
  lastMessages: "",
});
const recordOf = (next: number): CheckpointRecord => ({ ...INITIAL_CHECKPOINT, next });

async function commit(state: TaskStore, pending: PendingState): Promise<void> {
  await state.commit(await state.entriesOf(pending, SYNCS), null);
}

async function read(state: TaskStore, ...keys: readonly string[]) {
  const prefetched = await state.prefetch(new Set(keys));
  return keys.map((key) => {
    const stored = state.row(key, prefetched);
    return stored === null ? "none" : stored.row === null ? "marker" : stored.row.v;
  });
}

async function rowsOf(state: TaskStore) {
  const found: [string, unknown][] = [];
  for await (const [key, { row }] of state.rows()) found.push([key, row?.v ?? null]);
  return found.toSorted();
}

s("should read a row before, during and after its checkpoint", async () => {
  const { state } = open();
  state.put("[1]", rowOf(1));
  assert.equal(await read(state, "[1]", "[2]"), [1, "none"]);
  const pending = state.freeze(recordOf(1));
  assert.equal(await read(state, "[1]"), [1]);
  state.put("[1]", rowOf(2));
  assert.equal(await read(state, "[1]"), [2]);
  await commit(state, pending);
  assert.equal(await read(state, "[1]"), [2]);
  await commit(state, state.freeze(recordOf(2)));
  assert.equal(await read(state, "[1]"), [2]);
});

s("should commit only rows that were put before the freeze", async () => {
  const { store, state } = open();
  state.put("[1]", rowOf(1));
  const pending = state.freeze(recordOf(1));
  state.put("[2]", rowOf(2));
  assert.is(state.uncommitted, 2);
  await commit(state, pending);
  assert.is(state.uncommitted, 1);
  assert.equal(await read(open(store.crashed().reopen()).state, "[1]", "[2]"), [1, "none"]);
});

s("should write rows, offset and syncs in one batch and load them", async () => {
  const { store, state } = open();
  assert.is(await state.load(), null);
  state.put("[1]", rowOf(1));
  state.put("[2]", rowOf(2));
  await commit(state, state.freeze(recordOf(9)));
  assert.equal(store.writes, [3]);
  const loaded = await open(store.crashed().reopen()).state.load();
  assert.is(loaded?.next, 9);
  assert.equal(loaded?.syncs, SYNCS);
});

s(
  "should not lose a row that a checkpoint moves into the store while others are read",
  async () => {
    const { store, state } = open();
    state.put("[1]", rowOf(1));
    const pending = state.freeze(recordOf(1));
    const response = store.holdReads();
    const prefetching = state.prefetch(new Set(["[1]", "[2]"]));
    await flush();
    // The store's reads see what was there before; only afterwards does it hold row 1.
    await commit(state, pending);
    response();
    const prefetched = await prefetching;
    assert.is(state.row("[1]", prefetched)?.row?.v, 1);
  },
);

s("should prefer a newer row to a prefetched one", async () => {
  const { state } = open();
  state.put("[1]", rowOf(1));
  await commit(state, state.freeze(recordOf(1)));
  const prefetched = await state.prefetch(new Set(["[1]"]));
  state.put("[1]", rowOf(2));
  assert.is(state.row("[1]", prefetched)?.row?.v, 2);
});

s("should read the store once for a group of keys", async () => {
  const { store, state } = open();
  state.put("[1]", rowOf(1));
  await state.prefetch(new Set(["[1]", "[2]", "[3]"]));
  assert.is(store.reads, 1);
});

s("should list every row once, in its newest version", async () => {
  const { state } = open();
  for (const key of ["[1]", "[2]", "[3]"]) state.put(key, rowOf(1));
  await commit(state, state.freeze(recordOf(1)));
  state.put("[2]", rowOf(2));
  state.freeze(recordOf(2));
  state.put("[3]", rowOf(3));
  assert.equal(await rowsOf(state), [
    ["[1]", 1],
    ["[2]", 2],
    ["[3]", 3],
  ]);
});

s("should separate keys of any text from each other and from its own records", async () => {
  const { state } = open();
  const keys = ['["é"]', '["e\\u0301"]', "p", "d", '["\\u0000"]'];
  for (const [i, key] of keys.entries()) state.put(key, rowOf(i));
  await commit(state, state.freeze(recordOf(1)));
  assert.equal(await read(state, ...keys), [0, 1, 2, 3, 4]);
  assert.is((await state.load())?.next, 1);
});

/** Commits a delete marker of row 1 in a new store. */
async function withMarker() {
  const all = open();
  all.state.put("[1]", rowOf(null));
  await commit(all.state, all.state.freeze(recordOf(1)));
  const later = async (ms: number) => {
    await all.clock.advance(ms);
    await commit(all.state, all.state.freeze(recordOf(2)));
  };
  return { ...all, later };
}

s("should retain a delete marker for the configured time", async () => {
  const { state, later } = await withMarker();
  await later(7 * DAY_MS - 1);
  assert.equal(await read(state, "[1]"), ["marker"]);
});

s("should remove an expired delete marker and its index entry", async () => {
  const { store, state, later } = await withMarker();
  await later(7 * DAY_MS + 60_001);
  assert.equal(await read(state, "[1]"), ["none"]);
  assert.equal(store.keys("d"), []);
  assert.equal(store.keys("r"), []);
});

s("should not remove a row that was added again", async () => {
  const { state, store, later } = await withMarker();
  state.put("[1]", rowOf(5));
  await later(DAY_MS);
  await later(7 * DAY_MS);
  assert.equal(await read(state, "[1]"), [5]);
  assert.equal(store.keys("d"), []);
});

s("should count the age of a delete marker from the last removal", async () => {
  const { state, later } = await withMarker();
  state.put("[1]", rowOf(5));
  await later(3 * DAY_MS);
  state.put("[1]", rowOf(null));
  await later(DAY_MS);
  await later(6 * DAY_MS);
  assert.equal(await read(state, "[1]"), ["marker"], "removed again on day 4, it is day 10");
  await later(2 * DAY_MS);
  assert.equal(await read(state, "[1]"), ["none"]);
});

s("should keep a row that is put in the checkpoint that removes its marker", async () => {
  const { state, later } = await withMarker();
  state.put("[1]", rowOf(5));
  await later(8 * DAY_MS);
  assert.equal(await read(state, "[1]"), [5]);
});

s("should remove many expired markers over several checkpoints", async () => {
  const { store, state, clock } = open();
  for (let id = 0; id < 2_500; id += 1) state.put(`[${id}]`, rowOf(null));
  await commit(state, state.freeze(recordOf(1)));
  const left: number[] = [];
  for (const ms of [8 * DAY_MS, 60_000, 60_000, 60_000, 60_000, 60_000]) {
    await clock.advance(ms);
    await commit(state, state.freeze(recordOf(2)));
    left.push(store.keys("r").length);
  }
  assert.ok((left[0] ?? 0) > 0, "no checkpoint waits for all of them");
  assert.is(left.at(-1), 0);
});

s.run();
