import type { Settings } from "../../src/config/settings.ts";
import { partitionName, type TopicPartition } from "../../src/data/record.ts";
import { TOPIC } from "../support/debezium.ts";
import type { Dice } from "./dice.ts";
import { Epochs } from "./fenced-log.ts";
import { SharedLog } from "./shared-log.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { SimulatedSegment } from "./simulated-segment.ts";
import { Weather } from "./weather.ts";

/** Offsets that the consumer group was told. */
export type Group = { readonly committed: Map<string, number> };

/** What a task's position record says. */
type Durable = {
  readonly next: number;
  readonly control: number;
  readonly walk: unknown;
  readonly syncs: unknown;
};

/** All that the processes share, and that outlives each of them: Kafka, Segment, time. */
export class Outside {
  /** Of lives that begin now. */
  settings: Settings;
  readonly clock = new SimulatedClock();
  readonly weather: Weather;
  readonly segment: SimulatedSegment;
  readonly epochs = new Epochs();
  readonly group: Group = { committed: new Map() };
  /** A log for each partition of the table's topic, and its changelog. */
  readonly data: readonly SharedLog[];
  readonly changelogs: readonly SharedLog[];
  readonly control = new SharedLog({ topic: "shop.control", partition: 0 });
  readonly deadLetters = new SharedLog({ topic: "shop.dead-letters", partition: 0 });
  /** What must not happen, and did. */
  readonly problems: string[] = [];
  readonly #traced: string[] | null;

  constructor(
    settings: Settings,
    partitions: number,
    dice: Dice,
    isStill: boolean,
    traced: string[] | null,
  ) {
    this.settings = settings;
    this.weather = new Weather(this.clock, dice, isStill);
    this.segment = new SimulatedSegment(this.weather);
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
    // One that was on its way while the partition went and came back is of an older generation: Kafka refuses it.
    this.group.committed.set(partitionName(tp), Math.max(before, offset));
  }

  /** Where the partition's task stands, as its changelog has it; `null` where it has not begun. */
  durable(partition: number): Durable | null {
    const bytes = this.changelogs[partition]?.contents().get("p");
    return bytes === undefined ? null : JSON.parse(bytes.toString());
  }

  /** Everything in the logs is processed and durable, and every letter read. */
  get isDone(): boolean {
    return this.data.every((log, partition) => {
      const at = this.durable(partition);
      return at?.next === log.end && at.control === this.control.end && at.walk === null;
    });
  }
}
