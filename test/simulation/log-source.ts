import { partitionName, type TopicPartition } from "../../src/data/record.ts";
import type { LogRange, Source, SourceListener } from "../../src/source/source.ts";
import type { SharedLog } from "./shared-log.ts";

type Partition = {
  readonly log: SharedLog;
  next: number | null;
  paused: boolean;
  fetching: boolean;
};

export type LogSourceOptions = {
  readonly logs: readonly SharedLog[];
  /** A call takes time, and never ends if the process is killed. */
  readonly call: <T>(what: string, effect: () => T) => Promise<T>;
  /** Maximum records of the next fetch. */
  readonly fetchSize: () => number;
  readonly committed: (tp: TopicPartition) => number | null;
  readonly commit: (tp: TopicPartition, offset: number) => void;
  /** Whether the group has assigned the partition to this process. */
  readonly isAssigned: (tp: TopicPartition) => boolean;
};

/** A process's source over shared logs. Like Kafka's client, it ignores calls for partitions that it does not own. */
export class LogSource implements Source {
  readonly #options: LogSourceOptions;
  #listener: SourceListener | null = null;
  #assigned = new Map<string, Partition>();
  readonly #signal = () => {
    for (const partition of this.#assigned.values()) void this.#fetch(partition);
  };

  constructor(options: LogSourceOptions) {
    this.#options = options;
    for (const log of options.logs) log.readers.add(this.#signal);
  }

  async start(listener: SourceListener): Promise<void> {
    if (this.#listener) throw new Error("the source was started twice");
    this.#listener = listener;
  }

  /** Announces an assignment; partitions that stay assigned continue at their offsets. */
  assign(partitions: readonly TopicPartition[]): void {
    const before = this.#assigned;
    this.#assigned = new Map(
      partitions.map((tp) => {
        const fresh = { log: this.#log(tp), next: null, paused: true, fetching: false };
        return [partitionName(tp), before.get(partitionName(tp)) ?? fresh];
      }),
    );
    this.#listener?.assigned(partitions);
  }

  pause(tp: TopicPartition): void {
    const partition = this.#assigned.get(partitionName(tp));
    if (partition) partition.paused = true;
  }

  resume(tp: TopicPartition): void {
    const partition = this.#assigned.get(partitionName(tp));
    if (!partition) return;
    partition.paused = false;
    partition.next ??= this.#options.committed(tp) ?? 0;
    void this.#fetch(partition);
  }

  seek(tp: TopicPartition, offset: number): void {
    const partition = this.#assigned.get(partitionName(tp));
    if (offset > this.#log(tp).end)
      throw new Error(`${partitionName(tp)}: offset ${offset} is after its end`);
    if (partition) partition.next = offset;
  }

  range(tp: TopicPartition): Promise<LogRange> {
    return this.#options.call("range", () => {
      return { start: 0, end: this.#log(tp).end, committed: this.#options.committed(tp) };
    });
  }

  async partitions(topic: string): Promise<readonly number[]> {
    const { logs } = this.#options;
    return logs.filter(({ tp }) => tp.topic === topic).map(({ tp }) => tp.partition);
  }

  owns(tp: TopicPartition): Promise<boolean> {
    return this.#options.call("group", () => this.#options.isAssigned(tp));
  }

  commit(tp: TopicPartition, offset: number): Promise<void> {
    return this.#options.call("commit", () => this.#options.commit(tp, offset));
  }

  async stop(): Promise<void> {
    this.#listener = null;
    this.#assigned = new Map();
    for (const log of this.#options.logs) log.readers.delete(this.#signal);
  }

  /** One fetch at a time. A seek during a fetch discards its records. */
  async #fetch(partition: Partition): Promise<void> {
    if (partition.fetching) return;
    partition.fetching = true;
    for (;;) {
      const { next } = partition;
      const isWanted = () =>
        this.#assigned.get(partitionName(partition.log.tp)) === partition && !partition.paused;
      if (next === null || !isWanted() || partition.log.read(next, 1).length === 0) break;
      await this.#options.call("fetch", () => {});
      if (partition.next !== next || !isWanted()) continue;
      const records = partition.log.read(next, this.#options.fetchSize());
      partition.next = (records.at(-1)?.offset ?? next) + 1;
      this.#listener?.records(records);
    }
    partition.fetching = false;
  }

  #log(tp: TopicPartition): SharedLog {
    const log = this.#options.logs.find((other) => partitionName(other.tp) === partitionName(tp));
    if (!log) throw new Error(`there is no ${partitionName(tp)}`);
    return log;
  }
}
