import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LogEnds } from "../../../src/status/log-ends.ts";
import { lagOf } from "../../../src/status/observed.ts";
import type { TaskStatus } from "../../../src/task/task-status.ts";
import { RUNNING } from "../../support/observed.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const s = suite("telemetry: how far a partition is behind");

const TIME = 1_700_000_000_000;
const NOW = TIME + 30_000;

const CASES: readonly {
  readonly title: string;
  readonly task?: Partial<TaskStatus>;
  readonly end: number | null;
  readonly next?: number;
  readonly lag: { readonly records: number | null; readonly seconds: number | null };
}[] = [
  { title: "nothing at the end", end: 10, next: 10, lag: { records: 0, seconds: 0 } },
  {
    title: "records, and the age of the first that is not done",
    task: { isAllStored: false },
    ...{ end: 25, next: 12 },
    lag: { records: 15, seconds: 30 },
  },
  {
    title: "no records that are not shown: control records at the end",
    ...{ end: 12, next: 12 },
    lag: { records: 0, seconds: 0 },
  },
  {
    title: "records that were taken in and are not done, though nothing follows them",
    task: { isAllStored: false },
    ...{ end: 12, next: 12 },
    lag: { records: 2, seconds: 30 },
  },
  {
    title: "what was fetched since the brokers were asked",
    task: { isAllStored: false },
    ...{ end: 10, next: 14 },
    lag: { records: 4, seconds: 30 },
  },
  {
    title: "an unknown number where the end is unknown",
    end: null,
    lag: { records: null, seconds: 30 },
  },
  {
    title: "an unknown time where no row was seen",
    task: { time: null, isAllStored: false },
    end: 11,
    lag: { records: 1, seconds: null },
  },
  {
    title: "the age of the last that is done, where the log goes on and nothing of it was taken in",
    ...{ end: 25, next: 10 },
    lag: { records: 15, seconds: 30 },
  },
  {
    title: "an unknown time where the record has none: that is 0",
    task: { time: 0, isAllStored: false },
    end: 11,
    lag: { records: 1, seconds: null },
  },
  {
    title: "nothing known while it opens",
    task: { nextOffset: null, time: null },
    end: 9,
    lag: { records: null, seconds: null },
  },
];

for (const { title, task, end, next, lag } of CASES) {
  s(`should be ${title}`, () => {
    assert.equal(lagOf({ ...RUNNING, time: TIME, ...task }, end, next, NOW).lag, lag);
  });
}

s("should ask for the ends of logs no more often than every two seconds", async () => {
  const clock = new VirtualClock();
  let asked = 0;
  const ends = new LogEnds(async () => new Map([[0, 100 + asked++]]), clock);
  assert.is((await ends.of(["a", "a"])).get("a/0"), 100);
  await clock.advance(1_900);
  assert.is((await ends.of(["a"])).get("a/0"), 100);
  await clock.advance(200);
  assert.is((await ends.of(["a"])).get("a/0"), 101);
  assert.is(asked, 2);
});

s("should answer in time with the last known ends while the brokers are away", async () => {
  const clock = new VirtualClock();
  let isAway = false;
  let asked = 0;
  const ask = async () => {
    asked += 1;
    return isAway ? new Promise<never>(() => {}) : new Map([[0, 7]]);
  };
  const ends = new LogEnds(ask, clock);
  await ends.of(["a"]);
  isAway = true;
  for (let scrape = 0; scrape < 3; scrape += 1) {
    await clock.advance(5_000);
    let response: ReadonlyMap<string, number> | null = null;
    void ends.of(["a"]).then((found) => {
      response = found;
    });
    await clock.advance(2_000);
    assert.is((response as ReadonlyMap<string, number> | null)?.get("a/0"), 7);
  }
  assert.is(asked, 2, "one question at a time");
});

s("should outlive brokers that refuse", async () => {
  const ends = new LogEnds(async () => Promise.reject(new Error("away")), new VirtualClock());
  assert.is((await ends.of(["a"])).size, 0);
});

s.run();
