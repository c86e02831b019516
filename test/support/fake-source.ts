import { nameOf, type SourceRecord, type TopicPartition } from "../../src/data/record.ts";
import type { LogRange, Source, SourceListener } from "../../src/source/source.ts";

/** Records that one fetch delivers at most. */
const FETCH = 50;

type Hold = { readonly at: TopicPartition; position: number | null; paused: boolean };

/** A source over logs in memory. Fails on calls out of order, so that no test passes by luck. */
export class FakeSource implements Source {
  readonly #logs = new Map<string, SourceRecord[]>();
  #listener: SourceListener | null = null;
  #held = new Map<string, Hold>();
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
      partitions.map((at) => [
        nameOf(at),
        held.get(nameOf(at)) ?? { at, position: null, paused: true },
      ]),
    );
    this.#listener?.assigned(partitions);
  }

  /** Appends to the partition's log and delivers what may be delivered. */
  produce(at: TopicPartition, record: Omit<SourceRecord, "offset" | keyof TopicPartition>): number {
    const log = this.#log(at);
    const offset = log.length;
    log.push({ topic: at.topic, partition: at.partition, offset, ...record });
    this.#deliver(at);
    return offset;
  }

  pause(at: TopicPartition): void {
    this.calls.push(`pause ${at.partition}`);
    this.#owned(at).paused = true;
  }

  resume(at: TopicPartition): void {
    const hold = this.#owned(at);
    if (hold.position === null) throw new Error(`${nameOf(at)} was resumed before it was sought`);
    this.calls.push(`resume ${at.partition}`);
    hold.paused = false;
    // As a fetch would: later, not from inside the call.
    setImmediate(() => this.#deliver(at));
  }

  /** Makes the partition's log anew: empty. */
  cut(at: TopicPartition): void {
    this.#logs.delete(nameOf(at));
  }

  seek(at: TopicPartition, offset: number): void {
    this.calls.push(`seek ${at.partition} ${offset}`);
    this.#owned(at).position = offset;
  }

  /** The brokers do not answer: the range of a partition never comes. */
  hangRange = false;

  async range(at: TopicPartition): Promise<LogRange> {
    if (this.hangRange) await new Promise(() => {});
    const committed = this.committed.get(nameOf(at)) ?? null;
    return { start: this.logStart, end: this.#log(at).length, committed };
  }

  async partitions(topic: string): Promise<readonly number[]> {
    const known = [...this.#logs.values()].flatMap(([record]) => record ?? []);
    const held = [...this.#held.values()].map(({ at }) => at);
    const all = [...known, ...held].filter((at) => at.topic === topic);
    return [...new Set(all.map(({ partition }) => partition))];
  }

  /** The group shares out anew, or has given it to another process without having said so yet. */
  readonly lost = new Set<string>();

  async holds(at: TopicPartition): Promise<boolean> {
    return this.#held.has(nameOf(at)) && !this.lost.has(nameOf(at));
  }

  async commit(at: TopicPartition, offset: number): Promise<void> {
    const before = this.committed.get(nameOf(at)) ?? 0;
    if (offset < before) throw new Error(`${nameOf(at)}: the group offset went back to ${offset}`);
    this.calls.push(`commit ${at.partition} ${offset}`);
    this.committed.set(nameOf(at), offset);
  }

  async stop(): Promise<void> {
    this.#listener = null;
    this.#held = new Map();
  }

  /** Whether nothing of the partition is delivered at the moment. */
  isPaused(at: TopicPartition): boolean {
    return this.#owned(at).paused;
  }

  /** The next offset that would be delivered. */
  position(at: TopicPartition): number | null {
    return this.#owned(at).position;
  }

  #deliver(at: TopicPartition): void {
    const hold = this.#held.get(nameOf(at));
    while (hold && !hold.paused && hold.position !== null) {
      const records = this.#log(at).slice(hold.position, hold.position + FETCH);
      if (records.length === 0) return;
      hold.position += records.length;
      this.#listener?.records(records);
    }
  }

  #log(at: TopicPartition): SourceRecord[] {
    const log = this.#logs.get(nameOf(at)) ?? [];
    this.#logs.set(nameOf(at), log);
    return log;
  }

  #owned(at: TopicPartition): Hold {
    const hold = this.#held.get(nameOf(at));
    if (!hold) throw new Error(`${nameOf(at)} is not owned`);
    return hold;
  }
}
