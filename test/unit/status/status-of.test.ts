import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counters } from "../../../src/metrics/counters.ts";
import { statusOf } from "../../../src/status/status-of.ts";
import { observed, RUNNING } from "../../support/observed.ts";

const s = suite("telemetry: the status");

const CAUGHT_UP = { ...RUNNING, end: 10, lag: { records: 0, seconds: 0 } };

s("should say why the consumer is not in its group, and what became of those before it", () => {
  const source = {
    ...{ isJoined: false, reason: "the brokers do not answer", rebalances: 4, next: new Map() },
    restarts: { crashed: 1, lost: 2, stalled: 3 },
  };
  const { kafka } = statusOf(observed({ source }), [], {});
  assert.equal(kafka, {
    ...{ isJoined: false, reason: "the brokers do not answer", rebalances: 4 },
    restarts: { crashed: 1, lost: 2, stalled: 3 },
  });
});

s("should name partitions by topic and number, 10 after 9", () => {
  const partitions = [
    ["users", 10],
    ["orders", 9],
    ["users", 9],
    ["orders", 10],
  ].map(([topic, partition]) => ({ ...CAUGHT_UP, topic, partition })) as (typeof CAUGHT_UP)[];
  const status = statusOf(observed({ partitions }), [], {});
  assert.equal(
    status.partitions.map(({ topic, partition }) => `${topic}/${partition}`),
    ["orders/9", "orders/10", "users/9", "users/10"],
  );
});

s("should say of a partition where it stands, and what it holds", () => {
  const { usage, store } = RUNNING;
  const lag = { records: 15, seconds: 30.5 };
  const restore = { done: 3, total: 9 };
  const partitions = [{ ...CAUGHT_UP, end: 25, lag, restore }];
  assert.equal(statusOf(observed({ partitions }), [], {}).partitions, [
    {
      ...{ topic: "users", partition: 0, taskState: "running", nextOffset: 10, end: 25, lag },
      ...{ lastCheckpoint: "2023-11-14T22:13:25.000Z", usage, restore, store },
    },
  ]);
  const opening = [{ ...CAUGHT_UP, checkpointed: null }];
  const [partition] = statusOf(observed({ partitions: opening }), [], {}).partitions;
  assert.is(partition?.lastCheckpoint, null);
});

s("should say of the rest what the metrics say, times as text", () => {
  const counters = new Counters();
  counters.sync("life").added += 2;
  counters.responses.delivered += 3;
  counters.add("bytes_delivered", 4);
  counters.recordDeadLetter("MISSING_KEY");
  counters.recordDeadLetter("MISSING_KEY");
  counters.recordDeadLetter("INVALID_JSON");
  const rateLimiter = { wait_ms: 1_500, throttled_ms: 2_500 };
  const sync = { name: "life", model: "users", type: "track" } as const;
  const status = statusOf(observed({ counters, rateLimiter }), [sync], { name: "shop" });
  assert.equal([status.pipeline, status.version], ["shop", "1.2.3"]);
  assert.equal(
    [status.since, status.now],
    ["2023-11-14T22:13:20.000Z", "2023-11-14T22:13:30.000Z"],
  );
  assert.equal(status.syncs, [{ ...sync, ...counters.sync("life") }]);
  assert.equal([status.segment.responses.delivered, status.segment.bytes], [3, 4]);
  assert.equal(status.segment.rateLimiter, {
    throttledUntil: "2023-11-14T22:13:31.500Z",
    closed_s: 2.5,
  });
  assert.equal(status.deadLetters, { total: 3, byReason: { MISSING_KEY: 2, INVALID_JSON: 1 } });
  assert.equal(status.process, { resident_bytes: 100, heap_bytes: 50, eventLoopDelay_ms: 10 });
  assert.equal(status.settings, { name: "shop" });
  const open = statusOf(observed({ rateLimiter: { wait_ms: 0, throttled_ms: 0 } }), [], {});
  assert.is(open.segment.rateLimiter.throttledUntil, null);
});

s.run();
