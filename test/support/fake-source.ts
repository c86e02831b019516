import { partitionName, type SourceRecord, type TopicPartition } from "../../src/data/record.ts";
import type { LogRange, Source, SourceListener } from "../../src/source/source.ts";

/** Maximum records of one fetch. */
const FETCH_RECORDS = 50;

type AssignedPartition = { readonly tp: TopicPartition; next: number | null; paused: boolean };

/** A source over logs in memory. It fails on calls in a wrong order. */
export class FakeSource implements Source {
  readonly #logs = new Map<string, SourceRecord[]>();
  #listener: SourceListener | null = null;
  #assigned = new Map<string, AssignedPartition>();
  /** Calls of the tasks with partition and offset: `pause 0`, `resume 0`, `seek 0 7`, `commit 0 7`. */
  readonly calls: string[] = [];
  readonly committed = new Map<string, number>();
  /** The first offset of every log. */
  logStart = 0;

  async start(listener: SourceListener): Promise<void> {
    if (this.#listener) throw new Error("the source was started twice");
    this.#listener = listener;
  }

  /** Announces an assignment. */
  assign(partitions: readonly TopicPartition[]): void {
    const before = this.#assigned;
    this.#assigned = new Map(
      partitions.map((tp) => [
        partitionName(tp),
        before.get(partitionName(tp)) ?? { tp, next: null, paused: true },
      ]),
    );
    this.#listener?.assigned(partitions);
  }

  /** Appends to the partition's log and delivers if the partition is not paused. */
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
    const partition = this.#owned(tp);
    if (partition.next === null) throw new Error(`${partitionName(tp)} was resumed before a seek`);
    this.calls.push(`resume ${tp.partition}`);
    partition.paused = false;
    // Like a fetch: after the call, not inside it.
    setImmediate(() => this.#deliver(tp));
  }

  /** Recreates the partition with an empty log. */
  recreate(tp: TopicPartition): void {
    this.#logs.delete(partitionName(tp));
  }

  seek(tp: TopicPartition, offset: number): void {
    this.calls.push(`seek ${tp.partition} ${offset}`);
    this.#owned(tp).next = offset;
  }

  /** The brokers do not respond: `range` never resolves. */
  hangRange = false;

  async range(tp: TopicPartition): Promise<LogRange> {
    if (this.hangRange) await new Promise(() => {});
    const committed = this.committed.get(partitionName(tp)) ?? null;
    return { start: this.logStart, end: this.#log(tp).length, committed };
  }

  async partitions(topic: string): Promise<readonly number[]> {
    const known = [...this.#logs.values()].flatMap(([record]) => record ?? []);
    const assigned = [...this.#assigned.values()].map(({ tp }) => tp);
    const all = [...known, ...assigned].filter((tp) => tp.topic === topic);
    return [...new Set(all.map(({ partition }) => partition))];
  }

  /** Partitions that the group has assigned to another process without announcing it yet. */
  readonly lost = new Set<string>();

  async owns(tp: TopicPartition): Promise<boolean> {
    return this.#assigned.has(partitionName(tp)) && !this.lost.has(partitionName(tp));
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
    this.#assigned = new Map();
  }

  isPaused(tp: TopicPartition): boolean {
    return this.#owned(tp).paused;
  }

  /** The next offset to deliver. */
  nextOffset(tp: TopicPartition): number | null {
    return this.#owned(tp).next;
  }

  #deliver(tp: TopicPartition): void {
    const partition = this.#assigned.get(partitionName(tp));
    while (partition && !partition.paused && partition.next !== null) {
      const records = this.#log(tp).slice(partition.next, partition.next + FETCH_RECORDS);
      if (records.length === 0) return;
      partition.next += records.length;
      this.#listener?.records(records);
    }
  }

  #log(tp: TopicPartition): SourceRecord[] {
    const log = this.#logs.get(partitionName(tp)) ?? [];
    this.#logs.set(partitionName(tp), log);
    return log;
  }

  #owned(tp: TopicPartition): AssignedPartition {
    const partition = this.#assigned.get(partitionName(tp));
    if (!partition) throw new Error(`${partitionName(tp)} is not owned`);
    return partition;
  }
}
