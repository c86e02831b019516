import type { Settings } from "../config/settings.ts";
import { TopicControl } from "../coordination/topic-control.ts";
import { KafkaChangelog } from "../kafka/changelog/kafka-changelog.ts";
import { KafkaJournal } from "../kafka/kafka-journal.ts";
import { KafkaSource } from "../kafka/kafka-source.ts";
import { systemClock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { Changelog } from "../state/changelog.ts";
import type { KafkaAccess } from "./kafka-access.ts";

/** The internal topics of a pipeline, with the same names and settings in every command. */
export class InternalTopics {
  readonly deadLetterTopic: string;
  readonly #settings: Settings;
  readonly #access: KafkaAccess;
  readonly #logger: Logger;

  constructor(settings: Settings, access: KafkaAccess, logger: Logger) {
    this.deadLetterTopic = deadLetterTopic(settings);
    this.#settings = settings;
    this.#access = access;
    this.#logger = logger;
  }

  deadLetters(): Promise<KafkaJournal> {
    return this.#open(this.deadLetterTopic, this.#settings.deadLetters.retention);
  }

  /** Opens the control log for writing; reading starts with the first listener. */
  async control(): Promise<(onFailure: (error: unknown) => void) => TopicControl> {
    const { name, kafka, state } = this.#settings;
    const topic = kafka?.controlTopic ?? `${name}.control`;
    const journal = await this.#open(topic, state.deleteRetention);
    const source = new KafkaSource({
      kafka: this.#access.connection,
      // Every process reads all of it.
      groupId: `${this.#access.groupId}.control`,
      isAlone: true,
      topics: [topic],
      log: this.#logger,
    });
    const options = { topic, journal, source, onDataLoss: state.onDataLoss, clock: systemClock };
    return (onFailure) => new TopicControl({ ...options, logger: this.#logger, onFailure });
  }

  /** `null` if the state is only on this machine's disk. */
  changelog(): Changelog | null {
    const { name, state } = this.#settings;
    const { connection: kafka, groupId } = this.#access;
    if (!state.changelog) return null;
    return new KafkaChangelog({ kafka, name, groupId, clock: systemClock, logger: this.#logger });
  }

  #open(topic: string, retentionMs: number): Promise<KafkaJournal> {
    return KafkaJournal.open({
      kafka: this.#access.connection,
      log: this.#logger,
      topic,
      retentionMs,
    });
  }
}

/** The dead letter topic of `run`. */
export function deadLetterTopic({ name, deadLetters }: Settings): string {
  return deadLetters.topic ?? `${name}.dead-letters`;
}
