import type { Settings } from "../../src/config/settings.ts";
import { partitionName, type TopicPartition } from "../../src/data/record.ts";
import { TOPIC } from "../support/debezium.ts";
import { FaultInjector } from "./fault-injector.ts";
import { Epochs } from "./fenced-log.ts";
import type { RandomSource } from "./random-source.ts";
import { SharedLog } from "./shared-log.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { SimulatedSegment } from "./simulated-segment.ts";

/** Offsets committed to the consumer group. */
export type Group = { readonly committed: Map<string, number> };

/** A task record, with the names of its stored form. */
type Durable = {
  readonly next: number;
  readonly control: number;
  readonly walk: unknown;
  readonly syncs: unknown;
};

/** Everything that the processes share and that remains after each of them: Kafka, Segment, time. */
export class Environment {
  /** Of processes that start from now on. */
  settings: Settings;
  readonly clock = new SimulatedClock();
  readonly injector: FaultInjector;
  readonly segment: SimulatedSegment;
  readonly epochs = new Epochs();
  readonly group: Group = { committed: new Map() };
  /** A log for each partition of the table's topic, and its changelog. */
  readonly data: readonly SharedLog[];
  readonly changelogs: readonly SharedLog[];
  readonly control = new SharedLog({ topic: "shop.control", partition: 0 });
  readonly deadLetters = new SharedLog({ topic: "shop.dead-letters", partition: 0 });
  /** Violated guarantees. */
  readonly problems: string[] = [];
  readonly #traced: string[] | null;

  constructor(
    settings: Settings,
    partitions: number,
    random: RandomSource,
    isInstant: boolean,
    traced: string[] | null,
  ) {
    this.settings = settings;
    this.injector = new FaultInjector(this.clock, random, isInstant);
    this.segment = new SimulatedSegment(this.injector);
    const logs = (topic: string) =>
      Array.from({ length: partitions }, (_, partition) => new SharedLog({ topic, partition }));
    this.data = logs(TOPIC);
    this.changelogs = logs(`shop.${TOPIC}.changelog`);
    this.#traced = traced;
  }

  trace(text: string): void {
    if (this.#traced === null) return;
    const seconds = (this.clock.now() - 1_700_000_000_000) / 1000;
    this.#traced.push(`${seconds.toFixed(3).padStart(9)} ${text}`);
  }

  commit(tp: TopicPartition, offset: number): void {
    const before = this.group.committed.get(partitionName(tp)) ?? 0;
    // Kafka rejects a commit of an older generation, sent before the partition was revoked and assigned again.
    this.group.committed.set(partitionName(tp), Math.max(before, offset));
  }

  /** The task record in the partition's changelog; `null` if its task has not started. */
  durable(partition: number): Durable | null {
    const bytes = this.changelogs[partition]?.contents().get("p");
    return bytes === undefined ? null : JSON.parse(bytes.toString());
  }

  /** All records are processed and durable, and all control messages are handled. */
  get isDone(): boolean {
    return this.data.every((log, partition) => {
      const record = this.durable(partition);
      return (
        record?.next === log.end && record.control === this.control.end && record.walk === null
      );
    });
  }
}
