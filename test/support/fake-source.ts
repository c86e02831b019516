import { partitionName, type SourceRecord, type TopicPartition } from "../../src/data/record.ts";
import type { LogRange, Source, SourceListener } from "../../src/source/source.ts";

/** Records that one fetch delivers at most. */
const FETCH = 50;

type OwnedPartition = { readonly tp: TopicPartition; position: number | null; paused: boolean };

/** A source over logs in memory. Fails on calls out of order, so that no test passes by luck. */
export class FakeSource implements Source {
  readonly #logs = new Map<string, SourceRecord[]>();
  #listener: SourceListener | null = null;
  #held = new Map<string, OwnedPartition>();
  /** What the tasks asked for: `pause`, `resume`, `seek 7`, `commit 7`, with the partition's number. */
  readonly calls: string[] = [];
  readonly committed = new Map<string, number>();
  /** Offsets below it are gone from every log. */
  logStart = 0;

  async start(listener: SourceListener): Promise<void> {
    if (this.#listener) throw new Error("the source was started twice");
    this.#listener = listener;
  }

  /** Announces the partitions that are owned from now on. */
  assign(partitions: readonly TopicPartition[]): void {
    const held = this.#held;
    this.#held = new Map(
      partitions.map((tp) => [
        partitionName(tp),
        held.get(partitionName(tp)) ?? { tp, position: null, paused: true },
      ]),
    );
    this.#listener?.assigned(partitions);
  }

  /** Appends to the partition's log and delivers what may be delivered. */
  produce(tp: TopicPartition, record: Omit<SourceRecord, "offset" | keyof TopicPartition>): number {
    const log = this.#log(tp);
    const offset = log.length;
    log.push({ topic: tp.topic, partition: tp.partition, offset, ...record });
    this.#deliver(tp);
    return offset;
  }

  pause(tp: TopicPartition): void {
    this.calls.push(`pause ${tp.partition}`);
    this.#owned(tp).paused = true;
  }

  resume(tp: TopicPartition): void {
    const hold = this.#owned(tp);
    if (hold.position === null)
      throw new Error(`${partitionName(tp)} was resumed before it was sought`);
    this.calls.push(`resume ${tp.partition}`);
    hold.paused = false;
    // As a fetch would: later, not from inside the call.
    setImmediate(() => this.#deliver(tp));
  }

  /** Makes the partition's log anew: empty. */
  pending(tp: TopicPartition): void {
    this.#logs.delete(partitionName(tp));
  }

  seek(tp: TopicPartition, offset: number): void {
    this.calls.push(`seek ${tp.partition} ${offset}`);
    this.#owned(tp).position = offset;
  }

  /** The brokers do not answer: the range of a partition never comes. */
  hangRange = false;

  async range(tp: TopicPartition): Promise<LogRange> {
    if (this.hangRange) await new Promise(() => {});
    const committed = this.committed.get(partitionName(tp)) ?? null;
    return { start: this.logStart, end: this.#log(tp).length, committed };
  }

  async partitions(topic: string): Promise<readonly number[]> {
    const known = [...this.#logs.values()].flatMap(([record]) => record ?? []);
    const held = [...this.#held.values()].map(({ tp }) => tp);
    const all = [...known, ...held].filter((tp) => tp.topic === topic);
    return [...new Set(all.map(({ partition }) => partition))];
  }

  /** The group shares out anew, or has given it to another process without having said so yet. */
  readonly lost = new Set<string>();

  async owns(tp: TopicPartition): Promise<boolean> {
    return this.#held.has(partitionName(tp)) && !this.lost.has(partitionName(tp));
  }

  async commit(tp: TopicPartition, offset: number): Promise<void> {
    const before = this.committed.get(partitionName(tp)) ?? 0;
    if (offset < before)
      throw new Error(`${partitionName(tp)}: the group offset went back to ${offset}`);
    this.calls.push(`commit ${tp.partition} ${offset}`);
    this.committed.set(partitionName(tp), offset);
  }

  async stop(): Promise<void> {
    this.#listener = null;
    this.#held = new Map();
  }

  /** Whether nothing of the partition is delivered at the moment. */
  isPaused(tp: TopicPartition): boolean {
    return this.#owned(tp).paused;
  }

  /** The next offset that would be delivered. */
  position(tp: TopicPartition): number | null {
    return this.#owned(tp).position;
  }

  #deliver(tp: TopicPartition): void {
    const hold = this.#held.get(partitionName(tp));
    while (hold && !hold.paused && hold.position !== null) {
      const records = this.#log(tp).slice(hold.position, hold.position + FETCH);
      if (records.length === 0) return;
      hold.position += records.length;
      this.#listener?.records(records);
    }
  }

  #log(tp: TopicPartition): SourceRecord[] {
    const log = this.#logs.get(partitionName(tp)) ?? [];
    this.#logs.set(partitionName(tp), log);
    return log;
  }

  #owned(tp: TopicPartition): OwnedPartition {
    const hold = this.#held.get(partitionName(tp));
    if (!hold) throw new Error(`${partitionName(tp)} is not owned`);
    return hold;
  }
}
