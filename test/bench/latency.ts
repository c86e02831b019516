import { setTimeout as sleep } from "node:timers/promises";
import { MockSegment } from "../../src/cli/demo/mock-segment.ts";
import { type FeedChange, feed, PARTITIONS } from "./feed.ts";
import { schemaless } from "./format.ts";
import type { Ground } from "./ground.ts";
import { firstTaken, startService } from "./service.ts";
import { makeTopic, messageOf, startProducer } from "./topic.ts";

/** From a change's timestamp in the topic to its message's arrival. */
export type Latency = {
  readonly messages: number;
  readonly median_ms: number;
  readonly p99_ms: number;
  readonly cpu_s: number;
  readonly peak_mb: number;
};

export const CHANGES_A_SECOND = 1_000;

const TICK_MS = 10;
const CHANGES_A_TICK = (CHANGES_A_SECOND * TICK_MS) / 1_000;

/** Until the process is hot. */
const WARM_UP_MS = 5_000;
const MEASURED_MS = 10_000;
const KEYS = 1_000;
const TOPIC = "bench.latency";

/** Writes changes at an even pace, each with the time of that moment, and looks at when its messages arrive. */
export async function measureLatency(ground: Ground): Promise<Latency> {
  const from = { ms: Number.POSITIVE_INFINITY };
  const delays: number[] = [];
  const mockSegment = await MockSegment.start({
    onMessage: ({ timestamp = "" }) => {
      const appended = Date.parse(timestamp);
      if (appended >= from.ms) delays.push(Date.now() - appended);
    },
  });
  await makeTopic([ground.broker], TOPIC, PARTITIONS);
  const child = startService(
    { ...ground, segment: mockSegment },
    { name: "latency", topic: TOPIC },
  );
  try {
    await Promise.race([firstTaken(child), child.failure()]);
    from.ms = Date.now() + WARM_UP_MS;
    const cpu_s = child.cpuSeconds();
    const changes = ((WARM_UP_MS + MEASURED_MS) / TICK_MS) * CHANGES_A_TICK;
    await writeEvenly(ground, changes);
    const took = child.cpuSeconds() - cpu_s;
    const peak_mb = child.peakMegabytes();
    // Long after any that is on its way.
    await sleep(2_000);
    await child.stop();
    const sorted = delays.toSorted((a, b) => a - b);
    const percentile = (part: number) => sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
    return {
      messages: sorted.length,
      median_ms: percentile(0.5),
      p99_ms: percentile(0.99),
      cpu_s: (took / changes) * 100_000,
      peak_mb,
    };
  } finally {
    await mockSegment.stop();
  }
}

async function writeEvenly(ground: Ground, changes: number): Promise<void> {
  const producer = await startProducer([ground.broker]);
  const startedTime = performance.now();
  const sent: Promise<unknown>[] = [];
  let waiting: FeedChange[] = [];
  for (const change of feed({ records: changes, keys: KEYS })) {
    waiting.push(change);
    if (waiting.length < CHANGES_A_TICK) continue;
    const now = Date.now();
    const messages = waiting.map((one) => messageOf(schemaless.recordOf(withCommitTime(one, now))));
    // The next ones do not wait for its answer; kafkajs keeps the order.
    sent.push(producer.send({ topic: TOPIC, messages }));
    waiting = [];
    await sleep(Math.max(0, startedTime + sent.length * TICK_MS - performance.now()));
  }
  await Promise.all(sent);
  await producer.disconnect();
}

function withCommitTime({ envelope, ...change }: FeedChange, ms: number): FeedChange {
  const source = { ...envelope.source, ts_ms: ms };
  return { ...change, timestamp: ms, envelope: { ...envelope, ts_ms: ms, source } };
}
