import type { SourceRecord } from "../data/record.ts";
import { recordedForm } from "../data/recorded-line.ts";
import { append } from "../journal/append.ts";
import type { Journal, JournalEntry } from "../journal/journal.ts";
import type { Clock } from "../lib/clock.ts";
import { type CdcError, messageWithDetails } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";

/** A record or message set aside, with its reason. */
export type DeadLetter = {
  readonly record: SourceRecord;
  readonly error: CdcError;
  /** The reason of a dead letter that was read back, as it was written; otherwise the error's text and details. */
  readonly reason?: string;
  /** The model or sync that could not take it; absent where nobody could. */
  readonly by?: string;
  /** The message that Segment refused, as JSON text. */
  readonly message?: string;
  /** What happened to a row that was stored, where no message could be made of it: it is told from this. */
  readonly change?: string;
  /** No streamed record of its partition came before: a snapshot's read is an initial result, then as now. */
  readonly isInitial?: boolean;
};

/** Where dead letters go. */
export interface DeadLetters {
  /** Resolves when all of them are durable; tries for ever, until the signal is aborted. */
  append(deadLetters: readonly DeadLetter[], stop?: AbortSignal): Promise<void>;
}

/** What our headers begin with. */
export const HEADER = "cdc-to-segment";

/** A value beyond it stays in its own topic, where the coordinates find it: a letter must not stop the pipeline. */
const LARGEST_VALUE_BYTES = 7_000_000;

/** The reason as it is stored, with the values that it quotes. */
function reasonOf({ error, reason }: DeadLetter): string {
  return reason ?? messageWithDetails(error);
}

/** The record as it came, with its reason and coordinates in headers: for a Kafka topic. */
export function asRecord(deadLetter: DeadLetter): JournalEntry {
  const { record, error, by, message, change, isInitial } = deadLetter;
  const headers: { [name: string]: string | Buffer } = {};
  for (const [name, value] of Object.entries(record.headers)) {
    if (value !== undefined) headers[name] = value;
  }
  headers[`${HEADER}.code`] = error.code;
  headers[`${HEADER}.reason`] = reasonOf(deadLetter);
  headers[`${HEADER}.topic`] = record.topic;
  headers[`${HEADER}.partition`] = String(record.partition);
  headers[`${HEADER}.offset`] = String(record.offset);
  headers[`${HEADER}.timestamp`] = String(record.timestamp);
  if (by !== undefined) headers[`${HEADER}.by`] = by;
  if (message !== undefined) headers[`${HEADER}.message`] = message;
  if (change !== undefined) headers[`${HEADER}.change`] = change;
  if (isInitial) headers[`${HEADER}.initial`] = "true";
  const size = record.value?.length ?? 0;
  if (size <= LARGEST_VALUE_BYTES) return { key: record.key, value: record.value, headers };
  headers[`${HEADER}.left-out`] = `the value of ${size} bytes, too large for this topic`;
  return { key: record.key, value: null, headers };
}

/** The record in the recorded form, with its reason: a line of a file, which `redrive` and `preview` read again. */
export function asLine(deadLetter: DeadLetter): JournalEntry {
  const { record, error, by, message, change, isInitial } = deadLetter;
  const line = {
    reason: { code: error.code, text: reasonOf(deadLetter), by },
    ...recordedForm(record),
    message: message === undefined ? undefined : JSON.parse(message),
    change,
    initial: isInitial || undefined,
  };
  return { key: null, value: Buffer.from(JSON.stringify(line)), headers: {} };
}

/** Dead letters in a log. One that cannot be written holds its checkpoint, and with it the position. */
export class JournaledDeadLetters implements DeadLetters {
  readonly #journal: Journal;
  readonly #form: (deadLetter: DeadLetter) => JournalEntry;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(
    journal: Journal,
    form: (deadLetter: DeadLetter) => JournalEntry,
    clock: Clock,
    logger: Logger,
  ) {
    this.#journal = journal;
    this.#form = form;
    this.#clock = clock;
    this.#logger = logger;
  }

  async append(deadLetters: readonly DeadLetter[], stop?: AbortSignal): Promise<void> {
    if (deadLetters.length === 0) return;
    const options = { clock: this.#clock, logger: this.#logger, what: "dead letters", stop };
    await append(this.#journal, deadLetters.map(this.#form), options);
  }
}
