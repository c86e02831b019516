import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CdcError } from "../../../src/lib/errors.ts";
import type { LogRange } from "../../../src/source/source.ts";
import { INITIAL_CHECKPOINT, type TaskRecord } from "../../../src/state/checkpoint-record.ts";
import { decideStartOffset } from "../../../src/task/start-offset.ts";

const s = suite("task: start offset");
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
    "with an empty state at the log's first record, with initial results up to its end",
    null,
    log(3, 9),
    false,
    { next: 3, boundary: 9 },
  ],
  [
    "in a partition added later at its first record, without initial results",
    null,
    log(0, 9),
    true,
    { next: 0, boundary: 0 },
  ],
  ["at the stored offset", stored(5), log(3, 9, 5), true, { next: 5, boundary: 9 }],
  [
    "at a stored offset that is the log's first",
    stored(3),
    log(3, 9),
    true,
    { next: 3, boundary: 9 },
  ],
  [
    "at a stored offset that is the log's end",
    stored(9),
    log(3, 9),
    true,
    { next: 9, boundary: 9 },
  ],
  [
    "at the log's first record if the group offset covers nothing",
    null,
    log(3, 9, 3),
    false,
    { next: 3, boundary: 9 },
  ],
  ["at the beginning of a recorded file", null, null, false, { next: 0, boundary: 0 }],
  ["at the stored offset of a recorded file", stored(7), null, true, { next: 7, boundary: 0 }],
];

for (const [title, known, range, topicIsKnown, expected] of STARTS) {
  s(`should start ${title}`, () => {
    assert.equal(decideStartOffset(TP, known, range, topicIsKnown, "stop"), {
      ...{ ...expected, rebuild: false, dataLoss: null },
    });
  });
}

const GAPS: readonly (readonly [string, TaskRecord | null, LogRange, RegExp])[] = [
  [
    "the stored offset is older than the retention",
    stored(5),
    log(8, 20),
    /app\.public\.users\/1: offsets 5 to 7 .*retention/,
  ],
  ["the topic was recreated", stored(50), log(0, 4), /next offset to process is 50.*ends at 4/],
  [
    "the state is lost and the group offset covers records",
    null,
    log(0, 90, 40),
    /up to offset 40.*state/,
  ],
];

for (const [title, known, range, reason] of GAPS) {
  s(`should stop if ${title}, and name what is lost`, () => {
    assert.throws(
      () => decideStartOffset(TP, known, range, true, "stop"),
      (error: CdcError) =>
        error.code === "POSITION_LOST" &&
        error.consequence === "stop" &&
        reason.test(error.message),
    );
  });

  s(`should continue at the log's first record if ${title} and onDataLoss allows it`, () => {
    const { start, end } = range;
    const from = { next: start, boundary: end };
    for (const onDataLoss of ["continue", "rebuild"] as const) {
      const { dataLoss, ...decided } = decideStartOffset(TP, known, range, true, onDataLoss);
      assert.equal(decided, { ...from, rebuild: onDataLoss === "rebuild" });
      assert.match(`${TP.topic}/${TP.partition}: ${dataLoss}`, reason);
    }
  });
}

s.run();
