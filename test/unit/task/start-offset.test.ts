import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CdcError } from "../../../src/lib/errors.ts";
import type { LogRange } from "../../../src/source/source.ts";
import { INITIAL_CHECKPOINT, type TaskRecord } from "../../../src/state/checkpoint-record.ts";
import { decideStartOffset } from "../../../src/task/start-offset.ts";

const s = suite("task: where it begins");
const TP = { topic: "app.public.users", partition: 1 };

const stored = (next: number): TaskRecord => ({
  ...INITIAL_CHECKPOINT,
  version: 1,
  next,
  streaming: true,
  syncs: [],
});
const log = (start: number, end: number, committed: number | null = null): LogRange => ({
  start,
  end,
  committed,
});

type Case = readonly [
  string,
  TaskRecord | null,
  LogRange | null,
  boolean,
  { next: number; boundary: number },
];

const STARTS: readonly Case[] = [
  [
    "an empty state at the log's first record, all of it there before",
    null,
    log(3, 9),
    false,
    { next: 3, boundary: 9 },
  ],
  [
    "a partition added later at its first record, nothing of it there before",
    null,
    log(0, 9),
    true,
    { next: 0, boundary: 0 },
  ],
  ["a stored position where it stands", stored(5), log(3, 9, 5), true, { next: 5, boundary: 9 }],
  [
    "a stored position at the log's first record",
    stored(3),
    log(3, 9),
    true,
    { next: 3, boundary: 9 },
  ],
  ["a stored position at the log's end", stored(9), log(3, 9), true, { next: 9, boundary: 9 }],
  [
    "a group offset that covers nothing as none",
    null,
    log(3, 9, 3),
    false,
    { next: 3, boundary: 9 },
  ],
  ["a recorded file at its beginning", null, null, false, { next: 0, boundary: 0 }],
  ["a recorded file where it stopped", stored(7), null, true, { next: 7, boundary: 0 }],
];

for (const [title, known, range, knownTopics, expected] of STARTS) {
  s(`should begin ${title}`, () => {
    assert.equal(decideStartOffset(TP, known, range, knownTopics, "stop"), {
      ...{ ...expected, rebuild: false, dataLoss: null },
    });
  });
}

const GAPS: readonly (readonly [string, TaskRecord | null, LogRange, RegExp])[] = [
  [
    "retention passed the position",
    stored(5),
    log(8, 20),
    /app\.public\.users\/1: offsets 5 to 7 .*retention/,
  ],
  ["the topic was recreated", stored(50), log(0, 4), /next offset to process is 50.*ends at 4/],
  ["the state is gone and the group went on", null, log(0, 90, 40), /up to offset 40.*state/],
];

for (const [title, known, range, reason] of GAPS) {
  s(`should stop where ${title}, and say what is lost`, () => {
    assert.throws(
      () => decideStartOffset(TP, known, range, true, "stop"),
      (error: CdcError) =>
        error.code === "POSITION_LOST" &&
        error.consequence === "stop" &&
        reason.test(error.message),
    );
  });

  s(`should go on from the log's first record where ${title} and it was told to`, () => {
    const { start, end } = range;
    const from = { next: start, boundary: end };
    for (const onDataLoss of ["continue", "rebuild"] as const) {
      const { dataLoss, ...begins } = decideStartOffset(TP, known, range, true, onDataLoss);
      assert.equal(begins, { ...from, rebuild: onDataLoss === "rebuild" });
      assert.match(`${TP.topic}/${TP.partition}: ${dataLoss}`, reason);
    }
  });
}

s.run();
