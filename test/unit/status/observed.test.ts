import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LogEnds } from "../../../src/status/log-ends.ts";
import { withLag } from "../../../src/status/observed.ts";
import type { TaskStatus } from "../../../src/task/task-status.ts";
import { RUNNING } from "../../support/observed.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const s = suite("status: lag of a partition");

const TIME = 1_700_000_000_000;
const NOW = TIME + 30_000;

const CASES: readonly {
  readonly title: string;
  readonly task?: Partial<TaskStatus>;
  readonly end: number | null;
  readonly next?: number;
  readonly lag: { readonly records: number | null; readonly seconds: number | null };
}[] = [
  { title: "0 at the log end", end: 10, next: 10, lag: { records: 0, seconds: 0 } },
  {
    title: "the records to the log end, and the age of the first record that is not stored",
    task: { isAllStored: false },
    ...{ end: 25, next: 12 },
    lag: { records: 15, seconds: 30 },
  },
  {
    title: "0 if only transaction markers are left",
    ...{ end: 12, next: 12 },
    lag: { records: 0, seconds: 0 },
  },
  {
    title: "the records that are received and not stored",
    task: { isAllStored: false },
    ...{ end: 12, next: 12 },
    lag: { records: 2, seconds: 30 },
  },
  {
    title: "the records fetched since the last request for the log end",
    task: { isAllStored: false },
    ...{ end: 10, next: 14 },
    lag: { records: 4, seconds: 30 },
  },
  {
    title: "an unknown number if the log end is unknown",
    end: null,
    lag: { records: null, seconds: 30 },
  },
  {
    title: "an unknown time if no record was received",
    task: { time: null, isAllStored: false },
    end: 11,
    lag: { records: 1, seconds: null },
  },
  {
    title: "the age of the last stored record if none was received since",
    ...{ end: 25, next: 10 },
    lag: { records: 15, seconds: 30 },
  },
  {
    title: "an unknown time if the record has none, which is 0",
    task: { time: 0, isAllStored: false },
    end: 11,
    lag: { records: 1, seconds: null },
  },
  {
    title: "unknown while the task opens",
    task: { nextOffset: null, time: null },
    end: 9,
    lag: { records: null, seconds: null },
  },
];

for (const { title, task, end, next, lag } of CASES) {
  s(`should be ${title}`, () => {
    assert.equal(withLag({ ...RUNNING, time: TIME, ...task }, end, next, NOW).lag, lag);
  });
}

s("should request log ends at most every two seconds", async () => {
  const clock = new VirtualClock();
  let requests = 0;
  const ends = new LogEnds(async () => new Map([[0, 100 + requests++]]), clock);
  assert.is((await ends.of(["a", "a"])).get("a/0"), 100);
  await clock.advance(1_900);
  assert.is((await ends.of(["a"])).get("a/0"), 100);
  await clock.advance(200);
  assert.is((await ends.of(["a"])).get("a/0"), 101);
  assert.is(requests, 2);
});

s(
  "should report the last known log ends after two seconds if the brokers do not respond",
  async () => {
    const clock = new VirtualClock();
    let isUnavailable = false;
    let requests = 0;
    const request = async () => {
      requests += 1;
      return isUnavailable ? new Promise<never>(() => {}) : new Map([[0, 7]]);
    };
    const ends = new LogEnds(request, clock);
    await ends.of(["a"]);
    isUnavailable = true;
    for (let scrape = 0; scrape < 3; scrape += 1) {
      await clock.advance(5_000);
      let response: ReadonlyMap<string, number> | null = null;
      void ends.of(["a"]).then((found) => {
        response = found;
      });
      await clock.advance(2_000);
      assert.is((response as ReadonlyMap<string, number> | null)?.get("a/0"), 7);
    }
    assert.is(requests, 2, "one request at a time");
  },
);

s("should report no log ends if the brokers reject the request", async () => {
  const ends = new LogEnds(
    async () => Promise.reject(new Error("unavailable")),
    new VirtualClock(),
  );
  assert.is((await ends.of(["a"])).size, 0);
});

s.run();
