/**
 * What happens after an error. An operation that only has to be repeated does not raise one: it is retried where it
 * failed.
 * - `dead-letter`  the record or message goes to the dead letter queue with its reason; the stream continues
 * - `reopen`       the task is closed; it is opened again if its partition is still assigned to this process
 * - `stop`         the process ends with exit code 1; undelivered messages are sent after the next start
 * - `usage`        the settings or arguments are wrong; nothing has been read; exit code 2
 */
export type Consequence = "dead-letter" | "reopen" | "stop" | "usage";

type Declaration = {
  readonly consequence: Consequence;
  /** What was found. */
  readonly meaning: string;
  /** What the operator should do. */
  readonly action: string;
};

/** The closed list of error codes. `npm run docs` writes docs/reference/errors.md from it. */
export const ERROR_CODES = {
  CONFIGURATION: {
    consequence: "usage",
    meaning: "A setting is wrong, or a file that a setting names cannot be used.",
    action: "Correct what the message names. `check` reports all mistakes without starting.",
  },
  ARGUMENTS: {
    consequence: "usage",
    meaning: "The command line or a question to `explain` is wrong.",
    action: "See `cdc-to-segment --help`.",
  },

  UNREADABLE_LINE: {
    consequence: "dead-letter",
    meaning: "A line of a recorded file is not in the form that `kcat -C -J` writes.",
    action: "Record the input with `record` or `kcat -C -J`, then repeat the command.",
  },
  INVALID_JSON: {
    consequence: "dead-letter",
    meaning: "The key or value of a record is neither JSON nor in Confluent's wire format.",
    action: "Use a JSON, Avro or Protobuf converter in the connector, then `redrive`.",
  },
  UNKNOWN_SHAPE: {
    consequence: "dead-letter",
    meaning: "The value is neither a Debezium envelope nor a row.",
    action: "Exclude the topic, or correct the connector's transforms, then `redrive`.",
  },
  UNKNOWN_SCHEMA: {
    consequence: "dead-letter",
    meaning: "The schema of the record is not available or cannot be parsed.",
    action: "Set `kafka.schemaRegistry.url`, or register the schema, then `redrive`.",
  },
  UNREADABLE_VALUE: {
    consequence: "dead-letter",
    meaning: "A value does not fit its schema or the type declared in `columns`.",
    action: "Correct `models.*.columns`, or the schema, then `redrive`.",
  },
  MISSING_KEY: {
    consequence: "dead-letter",
    meaning: "The record has no key, so its row cannot be identified.",
    action: "Give the table a primary key, or set Debezium's `message.key.columns`.",
  },
  KEY_MISMATCH: {
    consequence: "dead-letter",
    meaning: "The fields of the record key are not those of the model's `key`.",
    action: "Correct `models.*.key`, or set Debezium's `message.key.columns`.",
  },
  FILTER_FAILED: {
    consequence: "dead-letter",
    meaning: "The model's `where` failed. The row and its membership are unchanged.",
    action: "Guard columns that may be absent with `has(row.x)`, then `redrive`.",
  },
  MISSING_USER: {
    consequence: "dead-letter",
    meaning: "The row has no usable `userId` or `anonymousId`.",
    action: "Map another column, filter such rows with `where`, or set `missingUser: ignore`.",
  },
  UNREADABLE_TIMESTAMP: {
    consequence: "dead-letter",
    meaning: "The sync's `timestamp` column does not hold a date or an instant.",
    action: "Name another column, or remove `timestamp` to use the commit time, then `redrive`.",
  },
  MESSAGE_TOO_LARGE: {
    consequence: "dead-letter",
    meaning: "The message is larger than the 32 KB that Segment accepts.",
    action: "Map fewer or shorter columns, then `redrive`.",
  },
  ROW_TOO_LARGE: {
    consequence: "dead-letter",
    meaning: "The row is larger than 8 MB, the maximum for the changelog.",
    action: "Exclude large columns with Debezium's `column.exclude.list`.",
  },
  REFUSED_BY_SEGMENT: {
    consequence: "dead-letter",
    meaning: "Segment rejected the message.",
    action: "Read the response in the dead letter, correct the mapping, then `redrive`.",
  },

  BROKER_UNREACHABLE: {
    consequence: "stop",
    meaning: "No Kafka broker responded during start-up, or a connection failed for good.",
    action: "Check `kafka.brokers`, `kafka.tls` and the network.",
  },
  KAFKA_CREDENTIALS: {
    consequence: "stop",
    meaning: "Kafka rejected the login.",
    action: "Correct `kafka.sasl`.",
  },
  KAFKA_PERMISSION: {
    consequence: "stop",
    meaning: "Kafka denied access to a topic, group or transactional id.",
    action: "Grant the [permissions](../operations/kafka.md#permissions) of the process.",
  },
  KAFKA_ERROR: {
    consequence: "stop",
    meaning: "Kafka responded with an error that a retry does not fix.",
    action: "Read the message, which has Kafka's error.",
  },
  TOPIC_MISSING: {
    consequence: "stop",
    meaning: "A topic or partition does not exist, or may not be read.",
    action: "Create the topic, grant access to it, or correct `models.*.topic`.",
  },
  BATCH_UNREADABLE: {
    consequence: "stop",
    meaning: "A compressed record batch in a topic cannot be decompressed.",
    action: "Check the topic for damage with Kafka's own tools.",
  },
  ENTRY_TOO_LARGE: {
    consequence: "stop",
    meaning: "An entry does not fit into an internal topic.",
    action: "Raise `max.message.bytes` of the topic that the message names.",
  },
  GROUP_ERROR: {
    consequence: "stop",
    meaning: "The consumer group assigned a partition that no model reads.",
    action: "Use a `name` that no other program uses, and the same settings in all processes.",
  },
  COMMIT_FAILED: {
    consequence: "stop",
    meaning: "The consumer group did not accept an offset after everything was delivered.",
    action: "Repeat the command: it sends the same messages with the same message ids.",
  },
  SOURCE_CLOSED: {
    consequence: "stop",
    meaning: "The process was stopped before its Kafka source was ready.",
    action: "None.",
  },
  SERVICE_UNAVAILABLE: {
    consequence: "stop",
    meaning: "The running service did not respond, or cannot respond now.",
    action: "Repeat the command when the service is ready.",
  },
  NAME_IN_USE: {
    consequence: "stop",
    meaning: "A pipeline with the same `name` writes the same changelog from another group.",
    action: "Give one of the pipelines another `name`.",
  },
  FENCED: {
    consequence: "reopen",
    meaning: "Another process has taken over the partition's changelog.",
    action: "None.",
  },

  STATE_UNREADABLE: {
    consequence: "stop",
    meaning: "The stored state is damaged or was written by another version.",
    action: "Run the version that wrote it; if files are damaged, delete the state directory.",
  },
  STATE_IN_USE: {
    consequence: "stop",
    meaning: "Another process uses the state directory.",
    action: "Give each process its own `state.directory`.",
  },
  STATE_UNWRITABLE: {
    consequence: "stop",
    meaning: "The state directory cannot be written.",
    action: "Free disk space, or grant write access, and restart.",
  },
  CONTROL_UNREADABLE: {
    consequence: "stop",
    meaning: "The control topic has a message of a later version.",
    action: "Run the version that wrote it, or a later one.",
  },
  CHANGELOG_UNFIT: {
    consequence: "stop",
    meaning: "The changelog topic is not compacted.",
    action: "Set `cleanup.policy=compact` on the topic.",
  },
  DEAD_LETTERS_UNWRITABLE: {
    consequence: "stop",
    meaning: "The dead-letter file cannot be written.",
    action: "Free disk space, or grant write access, and restart.",
  },
  OTHER_INPUT: {
    consequence: "stop",
    meaning: "A replay continues the state of a replay of another input.",
    action: "Give the pipeline another `name`, or remove the state of the earlier replay.",
  },
  SYNCS_CHANGED: {
    consequence: "stop",
    meaning: "A model's `key` or `columns` differ from those of the stored rows.",
    action: "Restore them, or use `run --rebuild`.",
  },
  POSITION_LOST: {
    consequence: "stop",
    meaning: "Records that were not processed are no longer in their topic.",
    action: "Raise the retention; then `run --rebuild`, or set `state.onDataLoss: continue`.",
  },
  USER_REQUIRED: {
    consequence: "stop",
    meaning: "A row has no user, and its sync has `missingUser: stop`.",
    action: "Correct the row or the mapping, or change `missingUser`.",
  },
  TRUNCATED: {
    consequence: "stop",
    meaning: "The table was truncated, and its model has `onTruncate: stop`.",
    action: "Set `onTruncate` to `remove` or `ignore`, and restart.",
  },
  SEGMENT_CREDENTIALS: {
    consequence: "stop",
    meaning: "Segment rejected the write key.",
    action: "Correct `segment.writeKey` and restart.",
  },
  SEGMENT_ADDRESS: {
    consequence: "stop",
    meaning: "There is no trusted Segment API at the configured address.",
    action: "Correct `segment.url`, `segment.region` or `segment.ca`, and restart.",
  },
  TOO_MANY_DEAD_LETTERS: {
    consequence: "stop",
    meaning: "Too many records or messages were rejected in a row, or too large a part of them.",
    action: "Fix the cause that the dead letters name and restart, or raise the limit.",
  },
  REDRIVE_REFUSED: {
    consequence: "stop",
    meaning: "A redrive is not safe: there is no state to compare with, or the service runs.",
    action: "Follow the message.",
  },
  INPUT_UNREADABLE: {
    consequence: "stop",
    meaning: "An input file cannot be read to its end.",
    action: "Repair or replace the file.",
  },
  REGISTRY_REFUSED: {
    consequence: "stop",
    meaning: "The schema registry rejected the login.",
    action: "Correct `kafka.schemaRegistry.username` and `password`.",
  },
} as const satisfies Record<string, Declaration>;

export type ErrorCode = keyof typeof ERROR_CODES;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}

/** A record may hold text of any length, and its reason has to fit beside it into the dead letter topic. */
const LONGEST_REASON = 2_000;

/**
 * An error with a text that is safe to log. Its details may quote values of a row: they go only to dead letters, and to
 * `explain` and `check` with `--show-values`.
 */
export class DetailedError extends Error {
  readonly details: string | null;

  constructor(message: string, { details, cause }: ErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.details = details === undefined ? null : printable(details);
  }
}

export type ErrorOptions = { readonly details?: string; readonly cause?: unknown };

/** An error with a code from the closed list. Its message says what was found, where, and what to do. */
export class CdcError extends DetailedError {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    const isRecords = ERROR_CODES[code].consequence === "dead-letter";
    super(isRecords ? printable(message) : message, options);
    this.name = "CdcError";
    this.code = code;
  }

  /** An error of this code about `what`. The text of a foreign cause may quote values, so it becomes the details. */
  static from(code: ErrorCode, what: string, cause: unknown): CdcError {
    if (!(cause instanceof DetailedError))
      return new CdcError(code, what, { details: messageOf(cause), cause });
    return new CdcError(code, `${what}: ${cause.message}`, {
      details: cause.details ?? undefined,
      cause,
    });
  }

  get consequence(): Consequence {
    return ERROR_CODES[this.code].consequence;
  }
}

/** Without control characters, which a terminal interprets. */
function printable(reason: string): string {
  const text = reason.replace(/\p{Cc}/gu, "\u00b7");
  return text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)}...` : text;
}

/** The text of anything that was thrown, without its details. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The text of anything that was thrown, with the values that its details quote. */
export function messageWithDetails(error: unknown): string {
  const details = error instanceof DetailedError ? error.details : null;
  if (details === null) return messageOf(error);
  const message = messageOf(error);
  return message === "" ? details : `${message} (${details})`;
}
