import { once } from "node:events";
import type { Child } from "./child.ts";
import type { Ground, Peer, Running } from "./ground.ts";

/** What one peer did in one round. */
export type Measured = {
  readonly records_s: number;
  readonly messages_s: number;
  /** Processor time for 100,000 records, in seconds, starting up left out. */
  readonly cpu_s: number;
  readonly peak_mb: number;
};

/** What running processes took from one moment to another, all of them together. */
export type Span = {
  readonly seconds: number;
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
  const running = peer.start(ground, run);
  const { seconds, cpu_s, peak_mb } = await spanOf(running);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  await Promise.all(running.children.map((child) => child.stop()));
  const [messages, expected] = [ground.segment.count - before, peer.messages(ground)];
  if (messages !== expected)
    throw new Error(`${peer.name} sent ${messages} messages where the feed is worth ${expected}`);
  return {
    records_s: ground.records / seconds,
    messages_s: messages / seconds,
    cpu_s: (cpu_s / ground.records) * 100_000,
    peak_mb,
  };
}

/** Rejects when one of the processes ends meanwhile, or nothing comes of it within the limit. */
export async function spanOf(
  { children, started, ended }: Running,
  limit_ms = TIME_LIMIT_MS,
): Promise<Span> {
  const late = AbortSignal.timeout(limit_ms);
  const failed = Promise.race([
    ...children.map((child) => child.failure()),
    once(late, "abort").then(() => late.throwIfAborted()),
  ]);
  failed.catch(() => {});
  await Promise.race([started, failed]);
  const start = { ms: performance.now(), cpu_s: cpuOf(children) };
  await Promise.race([ended, failed]);
  const seconds = (performance.now() - start.ms) / 1_000;
  const peaks = children.map((child) => child.peakMegabytes());
  return { seconds, cpu_s: cpuOf(children) - start.cpu_s, peak_mb: sum(peaks) };
}

function cpuOf(children: readonly Child[]): number {
  return sum(children.map((child) => child.cpuSeconds()));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
