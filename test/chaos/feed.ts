import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel, Partitioners, type Producer } from "kafkajs";
import * as assert from "uvu/assert";
import type { ReceivedMessage } from "../../src/cli/demo/mock-segment.ts";
import { recordedChanges } from "../support/changes.ts";
import { cdcToSegment } from "../support/command-line.ts";
import { PARTITIONS, TOPIC } from "./settings.ts";

const BATCH = 100;

type Line = {
  readonly partition: number;
  readonly key: string;
  readonly payload: string | null;
  readonly ts: number;
};

/** The changes of a run: what they are worth, and their way into the topic, as fast or as slowly as is asked for. */
export class Feed {
  readonly #kafka: Kafka;
  readonly #lines: readonly string[];
  readonly #perSecond: number;
  #target = 0;
  #produced = 0;
  #time = 0;
  #isStopped = false;

  constructor(
    brokers: readonly string[],
    feed: {
      readonly records: number;
      readonly keys: number;
      readonly seed: number;
      readonly perSecond: number;
    },
  ) {
    const retry = { retries: 20, maxRetryTime: 1_000 };
    this.#kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, retry });
    this.#perSecond = feed.perSecond;
    this.#lines = [...recordedChanges({ topic: TOPIC, partitions: PARTITIONS, ...feed })];
  }

  /** The source's time of the last change that is in the topic: its messages, and all before, may be waited for. */
  get time(): number {
    return this.#time;
  }

  get records(): number {
    return this.#lines.length;
  }

  /** What `preview` says of them. */
  async expected(config: string, file: string): Promise<ReceivedMessage[]> {
    writeFileSync(file, `${this.#lines.join("\n")}\n`);
    const { code, stdout, stderr } = await cdcToSegment(["preview", "--config", config, file]);
    assert.is(code, 0, stderr);
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as ReceivedMessage);
  }

  async createTopic(): Promise<void> {
    const admin = this.#kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] });
    await admin.disconnect();
  }

  /** Up to this part of all of it may be in the topic. */
  upTo(part: number): void {
    this.#target = Math.ceil(part * this.#lines.length);
  }

  /** Ends `produce` early, which otherwise retries until the broker is available. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Resolves when all of it is in the topic, or after `stop`. */
  async produce(): Promise<void> {
    let producer = await this.#producer();
    while (producer && this.#produced < this.#lines.length) {
      const texts = this.#lines.slice(this.#produced, this.#produced + BATCH);
      await sleep((BATCH / this.#perSecond) * 1_000);
      if (this.#isStopped) break;
      if (this.#produced >= this.#target) continue;
      try {
        await send(producer, texts);
      } catch {
        // The broker was away for longer. What comes twice is a repeated record: it changes nothing.
        await producer.disconnect().catch(() => {});
        producer = await this.#producer();
        continue;
      }
      this.#produced += texts.length;
      this.#time = Math.max(this.#time, ...texts.map(timeOf));
    }
    await producer?.disconnect();
  }

  async #producer(): Promise<Producer | undefined> {
    const createPartitioner = Partitioners.DefaultPartitioner;
    while (!this.#isStopped) {
      const producer = this.#kafka.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        createPartitioner,
      });
      const isConnected = await producer.connect().then(
        () => true,
        () => false,
      );
      if (isConnected) return producer;
      await sleep(500);
    }
    return undefined;
  }
}

/**
 * A call for each partition: of one for several, kafkajs 2.2.4 loses those in silence whose leader moves meanwhile to
 * a broker that has answered already.
 */
async function send(producer: Producer, texts: readonly string[]): Promise<void> {
  const partitions = Map.groupBy(
    texts.map((text) => JSON.parse(text) as Line),
    ({ partition }) => partition,
  );
  const sent = [...partitions.values()].map((lines) => {
    const messages = lines.map(({ partition, key, payload, ts }) => ({
      partition,
      key,
      value: payload,
      timestamp: `${ts}`,
    }));
    return producer.send({ topic: TOPIC, acks: -1, messages });
  });
  await Promise.all(sent);
}

/** When the change was committed, as its messages say it; 0 of a tombstone. */
function timeOf(text: string): number {
  const { payload } = JSON.parse(text) as Line;
  return payload === null ? 0 : (JSON.parse(payload) as { ts_ms: number }).ts_ms;
}
