import { once } from "node:events";
import type { Ground, Peer } from "./peer.ts";

/** What one peer did in one round. */
export type Measured = {
  readonly records_s: number;
  readonly messages_s: number;
  /** Processor time for 100,000 records, in seconds, starting up left out. */
  readonly cpu_s: number;
  readonly peak_mb: number;
};

/** Messages that are repeated or late would arrive within this time. */
const SETTLE_MS = 300;

/** Nothing takes this long; what does has met a fault. */
const TIME_LIMIT_MS = 180_000;

/** Runs a peer once, from its assignment to its last record. */
export async function measure(peer: Peer, ground: Ground, run: string): Promise<Measured> {
  const before = ground.segment.count;
  const { child, started, ended } = peer.start(ground, run);
  const late = AbortSignal.timeout(TIME_LIMIT_MS);
  const failed = Promise.race([
    child.failure(),
    once(late, "abort").then(() => late.throwIfAborted()),
  ]);
  failed.catch(() => {});
  await Promise.race([started, failed]);
  const start = { ms: performance.now(), cpu: child.cpuSeconds() };
  await Promise.race([ended, failed]);
  const seconds = (performance.now() - start.ms) / 1_000;
  const cpu = child.cpuSeconds() - start.cpu;
  const peak_mb = child.peakMegabytes();
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  await child.stop();
  const [messages, expected] = [ground.segment.count - before, peer.messages(ground)];
  if (messages !== expected)
    throw new Error(`${peer.name} sent ${messages} messages where the feed is worth ${expected}`);
  return {
    records_s: ground.records / seconds,
    messages_s: messages / seconds,
    cpu_s: (cpu / ground.records) * 100_000,
    peak_mb,
  };
}
