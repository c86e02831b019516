import type { SourceRecord } from "../data/record.ts";
import { recordedForm } from "../data/recorded-line.ts";
import { append } from "../journal/append.ts";
import type { Journal, JournalEntry } from "../journal/journal.ts";
import type { Clock } from "../lib/clock.ts";
import { type CdcError, messageWithDetails } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";

/** A rejected record or message, with its reason. */
export type DeadLetter = {
  readonly record: SourceRecord;
  readonly error: CdcError;
  /** The reason of a dead letter that was read back, as it was written; otherwise the error's text and details. */
  readonly reason?: string;
  /** The model or sync that rejected it; absent if the record was rejected as a whole. */
  readonly by?: string;
  /** The message that Segment rejected, as JSON text. */
  readonly message?: string;
  /** The change that could not be mapped. Its row is stored, so `redrive` maps this. */
  readonly change?: string;
  /** No streamed record of its partition came before it, so a snapshot read is an initial result in a redrive too. */
  readonly isInitial?: boolean;
};

/** The destination of dead letters. */
export interface DeadLetters {
  /** Resolves when all are durable. Retries until the signal is aborted. */
  append(deadLetters: readonly DeadLetter[], stop?: AbortSignal): Promise<void>;
}

/** The prefix of the headers. */
export const HEADER = "cdc-to-segment";

/** A larger value is left out, so that a dead letter cannot stop the pipeline. The coordinates refer to it. */
const LARGEST_VALUE_BYTES = 7_000_000;

/** The reason as it is stored, with the values that it quotes. */
function reasonOf({ error, reason }: DeadLetter): string {
  return reason ?? messageWithDetails(error);
}

/** For a Kafka topic: the unchanged record, with reason and coordinates in headers. */
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

/** For a file that `redrive` and `preview` read: the record in the recorded form, with its reason. */
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

/** Dead letters in a journal. If they cannot be written, the checkpoint waits and the offset does not advance. */
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
