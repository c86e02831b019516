/**
 * What happens next after an error. What only has to be tried again never becomes one: it is retried where it happens.
 * - `dead-letter`  the record or message is set aside with its reason; the stream goes on
 * - `stop`         the process ends (exit code 1), everything that was not delivered is kept for the next start
 * - `usage`        nothing was read yet: the configuration or the arguments are wrong (exit code 2)
 */
export type Next = "dead-letter" | "stop" | "usage";

/** The closed list of error codes. Each code says what comes next. */
const NEXT = {
  CONFIGURATION: "usage",
  ARGUMENTS: "usage",

  UNREADABLE_LINE: "dead-letter",
  INVALID_JSON: "dead-letter",
  UNKNOWN_SHAPE: "dead-letter",
  UNKNOWN_SCHEMA: "dead-letter",
  UNREADABLE_VALUE: "dead-letter",
  MISSING_KEY: "dead-letter",
  KEY_MISMATCH: "dead-letter",
  FILTER_FAILED: "dead-letter",
  MISSING_USER: "dead-letter",
  UNREADABLE_TIMESTAMP: "dead-letter",
  MESSAGE_TOO_LARGE: "dead-letter",
  ROW_TOO_LARGE: "dead-letter",
  REFUSED_BY_SEGMENT: "dead-letter",

  STATE_UNREADABLE: "stop",
  STATE_IN_USE: "stop",
  STATE_UNWRITABLE: "stop",
  CONTROL_UNREADABLE: "stop",
  CHANGELOG_UNFIT: "stop",
  FENCED: "stop",
  DEAD_LETTERS_UNWRITABLE: "stop",
  OTHER_INPUT: "stop",
  SYNCS_CHANGED: "stop",
  POSITION_LOST: "stop",
  USER_REQUIRED: "stop",
  TRUNCATED: "stop",
  SEGMENT_CREDENTIALS: "stop",
  SEGMENT_ADDRESS: "stop",
  TOO_MANY_DEAD_LETTERS: "stop",
  REDRIVE_REFUSED: "stop",
  INPUT_UNREADABLE: "stop",
  SOURCE_FAILED: "stop",
  REGISTRY_REFUSED: "stop",
} as const satisfies Record<string, Next>;

export type ErrorCode = keyof typeof NEXT;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(NEXT, text);
}

/** Characters of a dead letter's reason: it may quote what a record says, and has to fit beside it into its topic. */
const LONGEST_REASON = 2_000;

/** An error with a code from the closed list; its text says what was found, where, and what to do. */
export class CdcError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(NEXT[code] === "dead-letter" ? reasonText(message) : message, options);
    this.name = "CdcError";
    this.code = code;
  }

  get next(): Next {
    return NEXT[this.code];
  }
}

/** Without what a terminal would obey: a record may hold anything. */
function reasonText(reason: string): string {
  const text = reason.replace(/\p{Cc}/gu, "\u00b7");
  return text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)}...` : text;
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
