import type { Settings } from "../../config/settings.ts";
import type { Control } from "../../coordination/control.ts";
import { fileControl } from "../../coordination/file-control.ts";
import { sendOnly } from "../../coordination/send-only.ts";
import { asLine, asRecord, type DeadLetter, JournaledDeadLetters } from "../../dlq/dead-letters.ts";
import { deadLetterOfLine } from "../../dlq/parse-dead-letter.ts";
import { FileJournal } from "../../journal/file-journal.ts";
import { KafkaSource } from "../../kafka/kafka-source.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import type { Step } from "../../lib/progress-text.ts";
import { InputLines } from "../../source/input-lines.ts";
import type { Changelog } from "../../state/changelog.ts";
import { InternalTopics } from "../internal-topics.ts";
import { kafkaAccess } from "../kafka-access.ts";
import { replayDeadLetters, replayState, requireOther, serviceState } from "../paths.ts";
import { requireStopped } from "./require-stopped.ts";
import { TopicDeadLetters } from "./topic-dead-letters.ts";

/** The dead letters of `run` or `replay`, and the state and outputs that belong to them. */
export type DeadLetterInput = {
  readonly deadLetters: AsyncIterable<DeadLetter>;
  /** The progress of the reading. */
  readonly step: () => Step | null;
  /** The directory of the stores. */
  readonly directory: string;
  /** Receives dead letters that fail again. */
  readonly failedAgain: JournaledDeadLetters;
  readonly control: Control;
  readonly changelog: Changelog | null;
  /** Called when all are processed: the next redrive starts after them. */
  readonly commit: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** The dead letters of `run`: those in its topic since the last redrive. The service has to be stopped. */
export async function topicInput(
  settings: Settings,
  logger: Logger,
  onOther: (name: string) => void,
): Promise<DeadLetterInput> {
  const access = kafkaAccess(settings, "redrive");
  const { connection, groupId } = access;
  await requireStopped(connection, groupId);
  const topics = new InternalTopics(settings, access, logger);
  const log = await topics.deadLetters();
  const source = new KafkaSource({
    kafka: connection,
    groupId: `${groupId}.redrive`,
    topics: [topics.deadLetterTopic],
    log: logger,
  });
  const deadLetters = new TopicDeadLetters(source, systemClock, onOther);
  const controlFor = await topics.control();
  return {
    deadLetters,
    step: () => deadLetters.step,
    directory: serviceState(settings),
    failedAgain: new JournaledDeadLetters(log, asRecord, systemClock, logger),
    control: sendOnly(controlFor(() => {})),
    changelog: topics.changelog(),
    commit: () => deadLetters.commit(),
    close: async () => {
      await deadLetters.stop();
      await log.close();
    },
  };
}

/** The dead letters of `replay`: a file of recorded lines with their reasons, read completely each time. */
export async function fileInput(
  settings: Settings,
  logger: Logger,
  input: string,
): Promise<DeadLetterInput> {
  const directory = replayState(settings);
  const file = replayDeadLetters(settings);
  requireOther(file, input);
  const lines = await InputLines.open(input);
  const log = new FileJournal(file);
  let count = 0;
  const onDeadLetter = () => {
    count += 1;
  };
  return {
    deadLetters: deadLettersOf(lines, onDeadLetter),
    step: () => ({ done: lines.bytes, total: lines.total, counts: { "dead letters": count } }),
    directory,
    failedAgain: new JournaledDeadLetters(log, asLine, systemClock, logger),
    control: sendOnly(fileControl(directory)),
    changelog: null,
    commit: async () => {},
    close: () => log.close(),
  };
}

async function* deadLettersOf(
  lines: InputLines,
  onDeadLetter: () => void,
): AsyncGenerator<DeadLetter> {
  let line = 0;
  for await (const bytes of lines) {
    line += 1;
    if (bytes.length === 0) continue;
    onDeadLetter();
    yield deadLetterOfLine(bytes, line);
  }
}
