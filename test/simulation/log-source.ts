import { partitionName, type TopicPartition } from "../../src/data/record.ts";
import type { LogRange, Source, SourceListener } from "../../src/source/source.ts";
import type { SharedLog } from "./shared-log.ts";

type OwnedPartition = {
  readonly log: SharedLog;
  position: number | null;
  paused: boolean;
  fetching: boolean;
};

export type LogSourceOptions = {
  readonly logs: readonly SharedLog[];
  /** Something the process does: it takes time, and where the process is gone it never ends. */
  readonly call: <T>(what: string, effect: () => T) => Promise<T>;
  /** Records that the next fetch gives at most. */
  readonly fetchSize: () => number;
  readonly committed: (tp: TopicPartition) => number | null;
  readonly commit: (tp: TopicPartition, offset: number) => void;
  /** Whether the group has the partition here. */
  readonly holds: (tp: TopicPartition) => boolean;
};

/** One process' view of shared logs. What it does not own it neither delivers nor minds, as with Kafka's client. */
export class LogSource implements Source {
  readonly #options: LogSourceOptions;
  #listener: SourceListener | null = null;
  #held = new Map<string, OwnedPartition>();
  readonly #signal = () => {
    for (const hold of this.#held.values()) void this.#fetch(hold);
  };

  constructor(options: LogSourceOptions) {
    this.#options = options;
    for (const log of options.logs) log.readers.add(this.#signal);
  }

  async start(listener: SourceListener): Promise<void> {
    if (this.#listener) throw new Error("the source was started twice");
    this.#listener = listener;
  }

  /** Announces the partitions owned from now on: those kept go on where they are. */
  assign(partitions: readonly TopicPartition[]): void {
    const held = this.#held;
    this.#held = new Map(
      partitions.map((tp) => {
        const fresh = { log: this.#log(tp), position: null, paused: true, fetching: false };
        return [partitionName(tp), held.get(partitionName(tp)) ?? fresh];
      }),
    );
    this.#listener?.assigned(partitions);
  }

  pause(tp: TopicPartition): void {
    const hold = this.#held.get(partitionName(tp));
    if (hold) hold.paused = true;
  }

  resume(tp: TopicPartition): void {
    const hold = this.#held.get(partitionName(tp));
    if (!hold) return;
    hold.paused = false;
    hold.position ??= this.#options.committed(tp) ?? 0;
    void this.#fetch(hold);
  }

  seek(tp: TopicPartition, offset: number): void {
    const hold = this.#held.get(partitionName(tp));
    if (offset > this.#log(tp).end)
      throw new Error(`${partitionName(tp)}: nothing is at ${offset}`);
    if (hold) hold.position = offset;
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
    return this.#options.call("group", () => this.#options.holds(tp));
  }

  commit(tp: TopicPartition, offset: number): Promise<void> {
    return this.#options.call("commit", () => this.#options.commit(tp, offset));
  }

  async stop(): Promise<void> {
    this.#listener = null;
    this.#held = new Map();
    for (const log of this.#options.logs) log.readers.delete(this.#signal);
  }

  /** One fetch at a time; a place that was sought meanwhile makes what it brings useless. */
  async #fetch(hold: OwnedPartition): Promise<void> {
    if (hold.fetching) return;
    hold.fetching = true;
    for (;;) {
      const { position } = hold;
      const isWanted = () => this.#held.get(partitionName(hold.log.tp)) === hold && !hold.paused;
      if (position === null || !isWanted() || hold.log.read(position, 1).length === 0) break;
      await this.#options.call("fetch", () => {});
      if (hold.position !== position || !isWanted()) continue;
      const records = hold.log.read(position, this.#options.fetchSize());
      hold.position = (records.at(-1)?.offset ?? position) + 1;
      this.#listener?.records(records);
    }
    hold.fetching = false;
  }

  #log(tp: TopicPartition): SharedLog {
    const log = this.#options.logs.find((other) => partitionName(other.tp) === partitionName(tp));
    if (!log) throw new Error(`there is no ${partitionName(tp)}`);
    return log;
  }
}
