import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counters } from "../../../src/metrics/counters.ts";
import { statusOf } from "../../../src/status/status-of.ts";
import { observed, RUNNING } from "../../support/observed.ts";

const s = suite("status: the JSON of /status");

const PROCESS = { resident_bytes: 100, heap_bytes: 50, eventLoopDelay_ms: 10 };
const CAUGHT_UP = { ...RUNNING, logEnd: 10, lag: { records: 0, seconds: 0 } };

s("should report why the consumer is not in its group, and replaced consumers", () => {
  const source = {
    ...{ isJoined: false, reason: "the brokers do not answer", rebalances: 4, next: new Map() },
    restarts: { crashed: 1, lost: 2, stalled: 3 },
  };
  const { kafka } = statusOf(observed({ source }), PROCESS, [], {});
  assert.equal(kafka, {
    ...{ isJoined: false, reason: "the brokers do not answer", rebalances: 4 },
    restarts: { crashed: 1, lost: 2, stalled: 3 },
  });
});

s("should order partitions by topic and number, 10 after 9", () => {
  const partitions = [
    ["users", 10],
    ["orders", 9],
    ["users", 9],
    ["orders", 10],
  ].map(([topic, partition]) => ({ ...CAUGHT_UP, topic, partition })) as (typeof CAUGHT_UP)[];
  const status = statusOf(observed({ partitions }), PROCESS, [], {});
  assert.equal(
    status.partitions.map(({ topic, partition }) => `${topic}/${partition}`),
    ["orders/9", "orders/10", "users/9", "users/10"],
  );
});

s("should report offsets, lag, restore progress and usage of a partition", () => {
  const { usage, store } = RUNNING;
  const lag = { records: 15, seconds: 30.5 };
  const restore = { done: 3, total: 9 };
  const partitions = [{ ...CAUGHT_UP, logEnd: 25, lag, restore }];
  assert.equal(statusOf(observed({ partitions }), PROCESS, [], {}).partitions, [
    {
      ...{ topic: "users", partition: 0, taskState: "running", nextOffset: 10, logEnd: 25, lag },
      ...{ lastCheckpoint: "2023-11-14T22:13:25.000Z", usage, restore, store },
    },
  ]);
  const opening = [{ ...CAUGHT_UP, checkpointed: null }];
  const [partition] = statusOf(observed({ partitions: opening }), PROCESS, [], {}).partitions;
  assert.is(partition?.lastCheckpoint, null);
});

s("should report counts, throttling and process usage, with times as text", () => {
  const counters = new Counters();
  counters.sync("lifecycle").added += 2;
  counters.responses.delivered += 3;
  counters.add("bytes_delivered", 4);
  counters.recordDeadLetter("MISSING_KEY");
  counters.recordDeadLetter("MISSING_KEY");
  counters.recordDeadLetter("INVALID_JSON");
  const rateLimiter = { wait_ms: 1_500, throttled_ms: 2_500 };
  const sync = { name: "lifecycle", model: "users", type: "track" } as const;
  const status = statusOf(observed({ counters, rateLimiter }), PROCESS, [sync], { name: "shop" });
  assert.equal([status.pipeline, status.version], ["shop", "1.2.3"]);
  assert.equal(
    [status.since, status.now],
    ["2023-11-14T22:13:20.000Z", "2023-11-14T22:13:30.000Z"],
  );
  assert.equal(status.syncs, [{ ...sync, ...counters.sync("lifecycle") }]);
  assert.equal([status.segment.responses.delivered, status.segment.bytes], [3, 4]);
  assert.equal(status.segment.rateLimiter, {
    throttledUntil: "2023-11-14T22:13:31.500Z",
    throttled_s: 2.5,
  });
  assert.equal(status.deadLetters, { total: 3, byReason: { MISSING_KEY: 2, INVALID_JSON: 1 } });
  assert.equal(status.process, PROCESS);
  assert.equal(status.settings, { name: "shop" });
  const open = statusOf(
    observed({ rateLimiter: { wait_ms: 0, throttled_ms: 0 } }),
    PROCESS,
    [],
    {},
  );
  assert.is(open.segment.rateLimiter.throttledUntil, null);
});

s.run();
