import type { Settings } from "../../config/settings.ts";
import type { Control } from "../../coordination/control.ts";
import { fileControl } from "../../coordination/file-control.ts";
import { tellOnly } from "../../coordination/send-only.ts";
import { asLine, asRecord, type DeadLetter, LoggedDeadLetters } from "../../dlq/dead-letters.ts";
import { letterOfLine } from "../../dlq/parse-dead-letter.ts";
import { FileLog } from "../../journal/file-journal.ts";
import { KafkaSource } from "../../kafka/kafka-source.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import type { Step } from "../../lib/progress-text.ts";
import { InputLines } from "../../source/input-lines.ts";
import type { Changelog } from "../../state/changelog.ts";
import { KeptTopics } from "../internal-topics.ts";
import { kafkaAccess } from "../kafka-access.ts";
import { replayLetters, replayState, requireOther, serviceState } from "../paths.ts";
import { requireStopped } from "./require-stopped.ts";
import { TopicLetters } from "./topic-dead-letters.ts";

/** Where dead letters are read from, and what belongs to those who set them aside. */
export type RedriveFrom = {
  readonly letters: AsyncIterable<DeadLetter>;
  /** How far the reading of them has come. */
  readonly step: () => Step | null;
  /** Folder of the stores that the letters are judged by. */
  readonly folder: string;
  /** Where those go that fail again. */
  readonly deadLetters: LoggedDeadLetters;
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
  const topics = new KeptTopics(settings, access, logger);
  const log = await topics.deadLetters();
  const source = new KafkaSource({
    kafka: connection,
    groupId: `${groupId}.redrive`,
    topics: [topics.deadLetterTopic],
    log: logger,
  });
  const letters = new TopicLetters(source, systemClock, onOther);
  const controlFor = await topics.control();
  return {
    letters,
    step: () => letters.step,
    folder: serviceState(settings),
    deadLetters: new LoggedDeadLetters(log, asRecord, systemClock, logger),
    control: tellOnly(controlFor(() => {})),
    changelog: topics.changelog(),
    done: () => letters.done(),
    close: async () => {
      await letters.stop();
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
  const folder = replayState(settings);
  const file = replayLetters(settings);
  requireOther(file, input);
  const lines = await InputLines.open(input);
  const log = new FileLog(file);
  let read = 0;
  const counted = () => {
    read += 1;
  };
  return {
    letters: lettersOf(lines, counted),
    step: () => ({ done: lines.bytes, total: lines.total, counts: { "dead letters": read } }),
    folder,
    deadLetters: new LoggedDeadLetters(log, asLine, systemClock, logger),
    control: tellOnly(fileControl(folder)),
    changelog: null,
    done: async () => {},
    close: () => log.close(),
  };
}

async function* lettersOf(lines: InputLines, onLetter: () => void): AsyncGenerator<DeadLetter> {
  let line = 0;
  for await (const bytes of lines) {
    line += 1;
    if (bytes.length === 0) continue;
    onLetter();
    yield letterOfLine(bytes, line);
  }
}
