import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { recordedInput } from "../../src/cli/recorded-input.ts";
import { parseSettings } from "../../src/config/read.ts";
import { fileControl } from "../../src/coordination/file-control.ts";
import { decodeLastMessages } from "../../src/data/last-message-codec.ts";
import type { DeadLetter } from "../../src/dlq/dead-letters.ts";
import { type Clock, systemClock } from "../../src/lib/clock.ts";
import { noopLogger } from "../../src/lib/logger.ts";
import { Counters } from "../../src/metrics/counters.ts";
import { runPipeline } from "../../src/pipeline.ts";
import { RocksDbStore } from "../../src/state/rocksdb-store.ts";
import { TaskStore } from "../../src/state/task-store.ts";
import { Topology } from "../../src/topology/topology.ts";
import { FakeSegment } from "../support/fake-segment.ts";

/**
 * State that version 0.1 wrote: RocksDB stores, the control log and the known topics of a `replay` (see
 * test/fixtures/README.md). It contains rows, delete markers, a removed sync, a backfilled one, primary-key changes of
 * which one half is missing, a dead-lettered last message and a truncate.
 */

const FIXTURE = new URL("../fixtures/state-0.1/", import.meta.url);
/** Records that version 0.1 has processed; it has also sent the messages of the others, from a copy of the state. */
const PROCESSED = 34;
const MEMORY_BYTES = 2_000_000;
const WRITTEN_TIME = 1_796_082_197_000;

const s = suite("flow: upgrade from 0.1");
let directory: string;

s.before.each(() => {
  directory = mkdtempSync(join(tmpdir(), "upgrade-"));
  execFileSync("tar", ["-xzf", new URL("state.tar.gz", FIXTURE).pathname, "-C", directory]);
});

s.after.each(() => rmSync(directory, { recursive: true }));

s("should send nothing for records that 0.1 has processed", async () => {
  const { sent, deadLetters, counters } = await replay(records().slice(0, PROCESSED));
  assert.equal([sent, deadLetters], [[], []]);
  assert.is(counters.get("duplicates"), PROCESSED);
});

s("should send the same messages as 0.1 for the records that follow", async () => {
  const { sent, deadLetters, counters } = await replay(records());
  assert.equal(sent, linesOf("messages.ndjson.gz").toSorted());
  assert.equal(deadLetters, []);
  assert.is(counters.get("stale"), 4);
  assert.equal((await replay(records())).sent, []);
});

s("should read which messages 0.1 sent last for a row", async () => {
  const store = await RocksDbStore.open(join(directory, "tasks/shop.public.users/1"), MEMORY_BYTES);
  try {
    const { row } = await new TaskStore(store, systemClock, 0).lookup("[7]");
    const last = row && decodeLastMessages(row.lastMessages, row);
    assert.equal(
      last?.map(({ sync, kind, isDeadLettered, source }) => [
        ...[sync, kind, isDeadLettered, source.offset],
      ]),
      [
        [1, "changed", true, 11],
        [0, "identify", false, 11],
        [2, "entered", false, 3],
        [3, "identify", false, 3],
      ],
    );
  } finally {
    await store.close();
  }
});

async function replay(lines: readonly string[]): Promise<{
  readonly sent: readonly string[];
  readonly deadLetters: readonly DeadLetter[];
  readonly counters: Counters;
}> {
  const input = join(directory, "input.ndjson");
  writeFileSync(input, `${lines.join("\n")}\n`);
  const settings = parseSettings(
    readFileSync(new URL("config.yaml", FIXTURE), "utf8"),
    "config.yaml",
    {},
  );
  const topology = new Topology(settings);
  const counters = new Counters();
  const segment = new FakeSegment();
  const rejected: DeadLetter[] = [];
  const deadLetters = {
    append: async (added: readonly DeadLetter[]) => void rejected.push(...added),
  };
  const reader = { settings, topology, counters, deadLetters };
  const tasks = join(directory, "tasks");
  await runPipeline(
    {
      ...{ settings, topology, directory: tasks },
      runtime: { clock: clockOf(WRITTEN_TIME), counters, logger: noopLogger },
      ports: {
        source: recordedInput(input, reader, { onReplayed: () => counters.add("duplicates") }),
        ...{ destination: segment, deadLetters, controlFor: () => fileControl(tasks) },
      },
    },
    new AbortController().signal,
  );
  const sent = segment.taken.map((message) => JSON.stringify(message)).toSorted();
  return { sent, deadLetters: rejected, counters };
}

function records(): readonly string[] {
  return linesOf("records.ndjson.gz");
}

function linesOf(name: string): readonly string[] {
  return gunzipSync(readFileSync(new URL(name, FIXTURE)))
    .toString("utf8")
    .trimEnd()
    .split("\n");
}

/** Starts shortly after the state was written: delete markers and handovers expire by this clock. */
function clockOf(start: number): Clock {
  const offset = start - systemClock.now();
  return { ...systemClock, now: () => systemClock.now() + offset };
}

s.run();
