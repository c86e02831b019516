import { nameOf, type TopicPartition } from "../../src/data/record.ts";
import type { LogRange, Source, SourceListener } from "../../src/source/source.ts";
import type { SharedLog } from "./shared-log.ts";

type Hold = {
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
  readonly committed: (at: TopicPartition) => number | null;
  readonly commit: (at: TopicPartition, offset: number) => void;
  /** Whether the group has the partition here. */
  readonly holds: (at: TopicPartition) => boolean;
};

/** One process' view of shared logs. What it does not own it neither delivers nor minds, as with Kafka's client. */
export class LogSource implements Source {
  readonly #options: LogSourceOptions;
  #listener: SourceListener | null = null;
  #held = new Map<string, Hold>();
  readonly #wake = () => {
    for (const hold of this.#held.values()) void this.#fetch(hold);
  };

  constructor(options: LogSourceOptions) {
    this.#options = options;
    for (const log of options.logs) log.readers.add(this.#wake);
  }

  async start(listener: SourceListener): Promise<void> {
    if (this.#listener) throw new Error("the source was started twice");
    this.#listener = listener;
  }

  /** Announces the partitions owned from now on: those kept go on where they are. */
  assign(partitions: readonly TopicPartition[]): void {
    const held = this.#held;
    this.#held = new Map(
      partitions.map((at) => {
        const fresh = { log: this.#log(at), position: null, paused: true, fetching: false };
        return [nameOf(at), held.get(nameOf(at)) ?? fresh];
      }),
    );
    this.#listener?.assigned(partitions);
  }

  pause(at: TopicPartition): void {
    const hold = this.#held.get(nameOf(at));
    if (hold) hold.paused = true;
  }

  resume(at: TopicPartition): void {
    const hold = this.#held.get(nameOf(at));
    if (!hold) return;
    hold.paused = false;
    hold.position ??= this.#options.committed(at) ?? 0;
    void this.#fetch(hold);
  }

  seek(at: TopicPartition, offset: number): void {
    const hold = this.#held.get(nameOf(at));
    if (offset > this.#log(at).end) throw new Error(`${nameOf(at)}: nothing is at ${offset}`);
    if (hold) hold.position = offset;
  }

  range(at: TopicPartition): Promise<LogRange> {
    return this.#options.call("range", () => {
      return { start: 0, end: this.#log(at).end, committed: this.#options.committed(at) };
    });
  }

  async partitions(topic: string): Promise<readonly number[]> {
    const { logs } = this.#options;
    return logs.filter(({ at }) => at.topic === topic).map(({ at }) => at.partition);
  }

  holds(at: TopicPartition): Promise<boolean> {
    return this.#options.call("group", () => this.#options.holds(at));
  }

  commit(at: TopicPartition, offset: number): Promise<void> {
    return this.#options.call("commit", () => this.#options.commit(at, offset));
  }

  async stop(): Promise<void> {
    this.#listener = null;
    this.#held = new Map();
    for (const log of this.#options.logs) log.readers.delete(this.#wake);
  }

  /** One fetch at a time; a place that was sought meanwhile makes what it brings useless. */
  async #fetch(hold: Hold): Promise<void> {
    if (hold.fetching) return;
    hold.fetching = true;
    for (;;) {
      const { position } = hold;
      const isWanted = () => this.#held.get(nameOf(hold.log.at)) === hold && !hold.paused;
      if (position === null || !isWanted() || hold.log.read(position, 1).length === 0) break;
      await this.#options.call("fetch", () => {});
      if (hold.position !== position || !isWanted()) continue;
      const records = hold.log.read(position, this.#options.fetchSize());
      hold.position = (records.at(-1)?.offset ?? position) + 1;
      this.#listener?.records(records);
    }
    hold.fetching = false;
  }

  #log(at: TopicPartition): SharedLog {
    const log = this.#options.logs.find((other) => nameOf(other.at) === nameOf(at));
    if (!log) throw new Error(`there is no ${nameOf(at)}`);
    return log;
  }
}
