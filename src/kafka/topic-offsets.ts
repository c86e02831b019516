import kafkajs, { type Admin, type Kafka } from "kafkajs";
import { partitionName, type TopicPartition } from "../data/record.ts";
import { matchesTopic, type TopicPattern } from "../data/topic-pattern.ts";
import type { Clock } from "../lib/clock.ts";
import { CdcError, messageOf } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { retry } from "../lib/retry.ts";
import { withTimeout } from "../lib/timeout.ts";
import type { LogRange } from "../source/source.ts";
import { failureOf, isRetryable } from "./failure.ts";

type Offsets = Awaited<ReturnType<Admin["fetchTopicOffsets"]>>;

/** Connecting may take 20 s, and closing need not wait for it. */
const CLOSE_TIMEOUT_MS = 2_000;

/** Queries the brokers for topics, the offsets of their logs, and the group. */
export class TopicOffsets {
  readonly #kafka: Kafka;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #closed = new AbortController();
  readonly #pending = new Map<string, Promise<Offsets>>();
  #admin: Promise<Admin> | undefined;

  constructor(kafka: Kafka, clock: Clock, log: Logger) {
    this.#kafka = kafka;
    this.#clock = clock;
    this.#log = log;
  }

  /** Rejects with TOPIC_MISSING that names missing topics, or with kafkajs' error if no broker responds. */
  async require(wanted: readonly TopicPattern[]): Promise<void> {
    const existing = await this.#query((admin) => admin.listTopics());
    const missing = wanted.filter((name) => !existing.some((topic) => matchesTopic(name, topic)));
    if (missing.length > 0)
      throw new CdcError("TOPIC_MISSING", missingText(missing.map(String), existing));
  }

  /**
   * The first offset, the end for a reader of committed records, and the group's committed offset. Retries while the
   * error is retriable; rejects with a CdcError otherwise, and when closed.
   */
  range(tp: TopicPartition, groupId: string): Promise<LogRange> {
    return this.#retry(`the range of ${partitionName(tp)}`, async () => {
      const offsets = await this.#offsets(tp.topic);
      const found = offsets.find(({ partition }) => partition === tp.partition);
      if (!found) throw new CdcError("TOPIC_MISSING", `the topic has no such partition`);
      const committed = await this.#committed(tp, groupId);
      return { start: Number(found.low), end: Number(found.high), committed };
    });
  }

  /** All partitions of the topic. Retries and rejects as `range` does. */
  partitions(topic: string): Promise<readonly number[]> {
    return this.#retry(`the partitions of ${topic}`, async () => {
      const offsets = await this.#offsets(topic);
      return offsets.map(({ partition }) => partition);
    });
  }

  /** The ends of the topic's logs by partition. Does not retry: rejects with kafkajs' error. */
  async ends(topic: string): Promise<ReadonlyMap<number, number>> {
    const offsets = await this.#offsets(topic);
    return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
  }

  async #retry<T>(what: string, query: () => Promise<T>): Promise<T> {
    const onRetry = (error: unknown) =>
      this.#log.warn({ error: messageOf(error) }, `cannot read ${what}; retrying`);
    const [clock, signal] = [this.#clock, this.#closed.signal];
    try {
      return await retry(query, { clock, signal, isRetryable, onRetry });
    } catch (error) {
      throw failureOf(error, `cannot read ${what}`);
    }
  }

  async #committed({ topic, partition }: TopicPartition, groupId: string): Promise<number | null> {
    const [response] = await this.#query((admin) =>
      admin.fetchOffsets({ groupId, topics: [topic] }),
    );
    const found = response?.partitions.find((offset) => offset.partition === partition);
    // A negative offset means that nothing is committed.
    return found && Number(found.offset) >= 0 ? Number(found.offset) : null;
  }

  /** Whether the group has assigned the partition to the member. Does not retry: rejects with kafkajs' error. */
  async isAssigned(tp: TopicPartition, groupId: string, memberId: string): Promise<boolean> {
    const { groups } = await this.#query((admin) => admin.describeGroups([groupId]));
    const [group] = groups;
    const member = group?.members.find((one) => one.memberId === memberId);
    if (group?.state !== "Stable" || !member) return false;
    const decoded = kafkajs.AssignerProtocol.MemberAssignment.decode(member.memberAssignment);
    return decoded?.assignment[tp.topic]?.includes(tp.partition) ?? false;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await withTimeout(CLOSE_TIMEOUT_MS, this.#clock, this.#disconnect());
  }

  /**
   * kafkajs queries all partitions of a topic, so callers in the same turn share the response. Later callers do not: a
   * response on its way may be older than the offset they compare it with.
   */
  #offsets(topic: string): Promise<Offsets> {
    const shared = this.#pending.get(topic);
    if (shared) return shared;
    const response = Promise.resolve().then(() => {
      this.#pending.delete(topic);
      return this.#query((admin) => admin.fetchTopicOffsets(topic));
    });
    this.#pending.set(topic, response);
    return response;
  }

  /** Disconnects after an error: kafkajs queries the leaders that it knows for up to five minutes. */
  async #query<T>(query: (admin: Admin) => Promise<T>): Promise<T> {
    try {
      this.#admin ??= this.#connect();
      return await query(await this.#admin);
    } catch (error) {
      await this.#disconnect();
      throw error;
    }
  }

  async #connect(): Promise<Admin> {
    if (this.#closed.signal.aborted) throw new CdcError("SOURCE_CLOSED", "the source is closed");
    const admin = this.#kafka.admin();
    await admin.connect();
    return admin;
  }

  async #disconnect(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    await admin?.then((connected) => connected.disconnect()).catch(() => {});
  }
}

function missingText(missing: readonly string[], existing: readonly string[]): string {
  const tables = missing.map((topic) => topic.slice(topic.lastIndexOf(".") + 1));
  const alike = existing.filter((topic) => tables.some((table) => topic.endsWith(table)));
  const hint = alike.length > 0 ? `; similar topics: ${alike.slice(0, 5).join(", ")}` : "";
  const verb = missing.length > 1 ? "topics do not exist" : "topic does not exist";
  return `${verb}, or may not be read: ${missing.join(", ")}${hint}. Create it (Debezium does so with the first record), or correct models.*.topic`;
}
