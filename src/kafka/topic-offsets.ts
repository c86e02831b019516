import kafkajs, { type Admin, type Kafka } from "kafkajs";
import { partitionName, type TopicPartition } from "../data/record.ts";
import { matchesTopic, type TopicPattern } from "../data/topic-pattern.ts";
import type { Clock } from "../lib/clock.ts";
import { CdcError, messageOf } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { backoff_ms } from "../lib/retry.ts";
import { withTimeout } from "../lib/timeout.ts";
import type { LogRange } from "../source/source.ts";
import { failureOf, passes } from "./failure.ts";

type Offsets = Awaited<ReturnType<Admin["fetchTopicOffsets"]>>;

/** A connection still in the making may take 20 s; nothing is lost by leaving it to itself. */
const CLOSE_WITHIN_MS = 2_000;

/** What the brokers know of topics: which there are, and how far their logs reach. */
export class Topics {
  readonly #kafka: Kafka;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #closed = new AbortController();
  readonly #asked = new Map<string, Promise<Offsets>>();
  #admin: Promise<Admin> | undefined;

  constructor(kafka: Kafka, clock: Clock, log: Logger) {
    this.#kafka = kafka;
    this.#clock = clock;
    this.#log = log;
  }

  /** One round of tries. Rejects with TOPIC_MISSING that names what is missing, or as kafkajs does when no broker answers. */
  async require(wanted: readonly TopicPattern[]): Promise<void> {
    const existing = await this.#ask((admin) => admin.listTopics());
    const missing = wanted.filter((name) => !existing.some((topic) => matchesTopic(name, topic)));
    if (missing.length > 0)
      throw new CdcError("TOPIC_MISSING", missingText(missing.map(String), existing));
  }

  /**
   * First offset and, for a reader of committed records, the end; and what the group has committed. Tries for as long
   * as it may pass; rejects with a CdcError when it does not or when closed.
   */
  range(tp: TopicPartition, groupId: string): Promise<LogRange> {
    return this.#insist(`the range of ${partitionName(tp)}`, async () => {
      const offsets = await this.#offsets(tp.topic);
      const found = offsets.find(({ partition }) => partition === tp.partition);
      if (!found) throw new CdcError("TOPIC_MISSING", `the topic has no such partition`);
      const committed = await this.#committed(tp, groupId);
      return { start: Number(found.low), end: Number(found.high), committed };
    });
  }

  /** All partitions of the topic. Tries and rejects as `range` does. */
  partitions(topic: string): Promise<readonly number[]> {
    return this.#insist(`the partitions of ${topic}`, async () => {
      const offsets = await this.#offsets(topic);
      return offsets.map(({ partition }) => partition);
    });
  }

  /** Where the logs of its partitions end. One try: rejects as kafkajs does. */
  async ends(topic: string): Promise<ReadonlyMap<number, number>> {
    const offsets = await this.#offsets(topic);
    return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
  }

  async #insist<T>(what: string, question: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures++) {
      try {
        return await question();
      } catch (error) {
        if (this.#closed.signal.aborted || !passes(error))
          throw failureOf(error, `cannot read ${what}`);
        this.#log.warn({ error: messageOf(error) }, `cannot read ${what} yet, trying again`);
        await this.#clock.sleep(backoff_ms(failures), this.#closed.signal);
      }
    }
  }

  async #committed({ topic, partition }: TopicPartition, groupId: string): Promise<number | null> {
    const [response] = await this.#ask((admin) => admin.fetchOffsets({ groupId, topics: [topic] }));
    const found = response?.partitions.find((offset) => offset.partition === partition);
    // A negative offset says that there is none.
    return found && Number(found.offset) >= 0 ? Number(found.offset) : null;
  }

  /** Whether the group has given the partition to the member. One try: rejects as kafkajs does. */
  async isGiven(tp: TopicPartition, groupId: string, memberId: string): Promise<boolean> {
    const { groups } = await this.#ask((admin) => admin.describeGroups([groupId]));
    const [group] = groups;
    const member = group?.members.find((one) => one.memberId === memberId);
    if (group?.state !== "Stable" || !member) return false;
    const given = kafkajs.AssignerProtocol.MemberAssignment.decode(member.memberAssignment);
    return given?.assignment[tp.topic]?.includes(tp.partition) ?? false;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await withTimeout(CLOSE_WITHIN_MS, this.#clock, this.#forget());
  }

  /**
   * kafkajs asks for all partitions of a topic: whoever asks in the same turn shares the answer. Not later: one
   * that was under way may be older than the position it is to be compared with.
   */
  #offsets(topic: string): Promise<Offsets> {
    const shared = this.#asked.get(topic);
    if (shared) return shared;
    const response = Promise.resolve().then(() => {
      this.#asked.delete(topic);
      return this.#ask((admin) => admin.fetchTopicOffsets(topic));
    });
    this.#asked.set(topic, response);
    return response;
  }

  /** A failed question drops the connection: kafkajs keeps asking the leaders it knew for five minutes. */
  async #ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    try {
      this.#admin ??= this.#connect();
      return await question(await this.#admin);
    } catch (error) {
      await this.#forget();
      throw error;
    }
  }

  async #connect(): Promise<Admin> {
    if (this.#closed.signal.aborted) throw new CdcError("SOURCE_CLOSED", "the source is closed");
    const admin = this.#kafka.admin();
    await admin.connect();
    return admin;
  }

  async #forget(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    await admin?.then((connected) => connected.disconnect()).catch(() => {});
  }
}

function missingText(missing: readonly string[], existing: readonly string[]): string {
  const tables = missing.map((topic) => topic.slice(topic.lastIndexOf(".") + 1));
  const alike = existing.filter((topic) => tables.some((table) => topic.endsWith(table)));
  const hint = alike.length > 0 ? `; there is ${alike.slice(0, 5).join(", ")}` : "";
  const verb = missing.length > 1 ? "topics do not exist" : "topic does not exist";
  return `${verb}, or may not be read: ${missing.join(", ")}${hint}. Create it first (Debezium does at its first record), or correct models.*.topic`;
}
