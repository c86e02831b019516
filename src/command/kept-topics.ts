import type { Changelog } from "../changelog/changelog.ts";
import { KafkaChangelog } from "../changelog/kafka-changelog.ts";
import { systemClock } from "../clock.ts";
import type { Settings } from "../config/settings.ts";
import { TopicControl } from "../control/topic-control.ts";
import { KafkaLog } from "../log/kafka-log.ts";
import { KafkaSource } from "../source/kafka-source.ts";
import type { Logger } from "../telemetry/log.ts";
import { deadLetterTopic } from "./dead-letter-topic.ts";
import type { KafkaAccess } from "./kafka-access.ts";

/** The topics that a pipeline keeps for itself, named and configured alike by every command that touches them. */
export class KeptTopics {
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

  deadLetters(): Promise<KafkaLog> {
    return this.#open(this.deadLetterTopic, this.#settings.deadLetters.retention);
  }

  /** Opens the control log for writing; it is read when somebody listens. */
  async control(): Promise<(onFailure: (error: unknown) => void) => TopicControl> {
    const { name, kafka, state } = this.#settings;
    const topic = kafka?.controlTopic ?? `${name}.control`;
    const log = await this.#open(topic, state.forgetDeletedAfter);
    const source = new KafkaSource({
      kafka: this.#access.connection,
      // Every process reads all of it.
      groupId: `${this.#access.groupId}.control`,
      isAlone: true,
      topics: [topic],
      log: this.#logger,
    });
    const about = { topic, log, source, onGap: state.onGap, clock: systemClock };
    return (onFailure) => new TopicControl({ ...about, logger: this.#logger, onFailure });
  }

  /** `null` where the state is on this machine's disk alone. */
  changelog(): Changelog | null {
    const { name, state } = this.#settings;
    const { connection: kafka, groupId } = this.#access;
    if (!state.changelog) return null;
    return new KafkaChangelog({ kafka, name, groupId, clock: systemClock, logger: this.#logger });
  }

  #open(topic: string, retentionMs: number): Promise<KafkaLog> {
    return KafkaLog.open({ kafka: this.#access.connection, log: this.#logger, topic, retentionMs });
  }
}
