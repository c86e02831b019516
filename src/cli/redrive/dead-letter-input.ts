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

/** Where dead letters are read from, and what belongs to those who set them aside. */
export type RedriveFrom = {
  readonly deadLetters: AsyncIterable<DeadLetter>;
  /** How far the reading of them has come. */
  readonly step: () => Step | null;
  /** Folder of the stores that the letters are judged by. */
  readonly directory: string;
  /** Where those go that fail again. */
  readonly failedAgain: JournaledDeadLetters;
  readonly control: Control;
  readonly changelog: Changelog | null;
  /** Remembers that all letters are done. */
  readonly done: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** What `run` set aside: the letters of its topic, from where the last redrive ended. The service has to be stopped. */
export async function fromTopic(
  settings: Settings,
  logger: Logger,
  onOther: (name: string) => void,
): Promise<RedriveFrom> {
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
    done: () => deadLetters.commit(),
    close: async () => {
      await deadLetters.stop();
      await log.close();
    },
  };
}

/** What `replay` set aside: a file of recorded lines with their reasons. It is read anew each time. */
export async function fromFile(
  settings: Settings,
  logger: Logger,
  input: string,
): Promise<RedriveFrom> {
  const directory = replayState(settings);
  const file = replayDeadLetters(settings);
  requireOther(file, input);
  const lines = await InputLines.open(input);
  const log = new FileJournal(file);
  let read = 0;
  const counted = () => {
    read += 1;
  };
  return {
    deadLetters: deadLettersOf(lines, counted),
    step: () => ({ done: lines.bytes, total: lines.total, counts: { "dead letters": read } }),
    directory,
    failedAgain: new JournaledDeadLetters(log, asLine, systemClock, logger),
    control: sendOnly(fileControl(directory)),
    changelog: null,
    done: async () => {},
    close: () => log.close(),
  };
}

async function* deadLettersOf(lines: InputLines, onLetter: () => void): AsyncGenerator<DeadLetter> {
  let line = 0;
  for await (const bytes of lines) {
    line += 1;
    if (bytes.length === 0) continue;
    onLetter();
    yield deadLetterOfLine(bytes, line);
  }
}
