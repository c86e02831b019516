import { join } from "node:path";
import type { Changelog } from "../changelog/changelog.ts";
import { KafkaChangelog } from "../changelog/kafka-changelog.ts";
import { systemClock } from "../clock.ts";
import type { Settings } from "../config/settings.ts";
import type { Control } from "../control/control.ts";
import { fileControl } from "../control/file-control.ts";
import { tellOnly } from "../control/tell-only.ts";
import { TopicControl } from "../control/topic-control.ts";
import { asLine, asRecord, type DeadLetter, LoggedDeadLetters } from "../deliver/dead-letters.ts";
import { letterOfLine } from "../deliver/read-letter.ts";
import { FileLog } from "../log/file-log.ts";
import { KafkaLog } from "../log/kafka-log.ts";
import { InputLines } from "../source/input-lines.ts";
import { KafkaSource } from "../source/kafka-source.ts";
import type { Logger } from "../telemetry/log.ts";
import { kafkaAccess } from "./kafka-access.ts";
import { requireOther } from "./require-other.ts";
import { requireStopped } from "./require-stopped.ts";
import { TopicLetters } from "./topic-letters.ts";

/** Where dead letters are read from, and what belongs to those who set them aside. */
export type RedriveFrom = {
  readonly letters: AsyncIterable<DeadLetter>;
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
  const { name, state, deadLetters, kafka } = settings;
  const { connection, groupId } = kafkaAccess(settings, "redrive");
  await requireStopped(connection, groupId);
  const { topic = `${name}.dead-letters`, retention } = deadLetters;
  const open = (to: string, retentionMs: number) =>
    KafkaLog.open({ kafka: connection, log: logger, topic: to, retentionMs });
  const sourceOf = (read: string, group: string) =>
    new KafkaSource({ kafka: connection, groupId: group, topics: [read], log: logger });
  const log = await open(topic, retention);
  const controlTopic = kafka?.controlTopic ?? `${name}.control`;
  const letters = new TopicLetters(sourceOf(topic, `${groupId}.redrive`), systemClock, onOther);
  return {
    letters,
    folder: join(state.directory, name, "run"),
    deadLetters: new LoggedDeadLetters(log, asRecord, systemClock, logger),
    control: tellOnly(
      new TopicControl({
        topic: controlTopic,
        log: await open(controlTopic, state.forgetDeletedAfter),
        source: sourceOf(controlTopic, `${groupId}.redrive.control`),
        onGap: state.onGap,
        clock: systemClock,
        logger,
        onFailure: () => {},
      }),
    ),
    changelog: state.changelog
      ? new KafkaChangelog({ kafka: connection, name, groupId, clock: systemClock, logger })
      : null,
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
  const home = join(settings.state.directory, settings.name, "replay");
  const folder = join(home, "tasks");
  const file = settings.deadLetters.file ?? join(home, "dead-letters.ndjson");
  requireOther(file, input);
  const lines = await InputLines.open(input);
  const log = new FileLog(file);
  return {
    letters: lettersOf(lines),
    folder,
    deadLetters: new LoggedDeadLetters(log, asLine, systemClock, logger),
    control: tellOnly(fileControl(folder)),
    changelog: null,
    done: async () => {},
    close: () => log.close(),
  };
}

async function* lettersOf(lines: InputLines): AsyncGenerator<DeadLetter> {
  let line = 0;
  for await (const bytes of lines) {
    line += 1;
    if (bytes.length > 0) yield letterOfLine(bytes, line);
  }
}
