import type { SourceRecord } from "../data/record.ts";
import { parseRecordedLine } from "../data/recorded-line.ts";
import { CdcError, ERROR_CODES, type ErrorCode, isErrorCode } from "../lib/errors.ts";
import { type DeadLetter, HEADER } from "./dead-letters.ts";

/** The dead letter in a record of the dead letter topic; `null` if another program wrote the record. */
export function deadLetterOfRecord({ key, value, headers }: SourceRecord): DeadLetter | null {
  const header = (name: string) => headers[`${HEADER}.${name}`]?.toString();
  const topic = header("topic");
  const [partition, offset, timestamp] = [
    header("partition"),
    header("offset"),
    header("timestamp"),
  ];
  if (topic === undefined || !isWhole(partition) || !isWhole(offset)) return null;
  const own = Object.entries(headers).filter(([name]) => !name.startsWith(`${HEADER}.`));
  return {
    record: {
      topic,
      partition: Number(partition),
      offset: Number(offset),
      timestamp: Number(timestamp ?? 0),
      headers: Object.fromEntries(own),
      key,
      value,
    },
    ...failureOf(header("code"), header("reason")),
    by: header("by"),
    message: header("message"),
    change: header("change"),
    isInitial: header("initial") === "true",
  };
}

/**
 * The dead letter in a line of a dead letter file.
 * @throws CdcError UNREADABLE_LINE if the line is not a dead letter
 */
export function deadLetterOfLine(bytes: Buffer, line: number): DeadLetter {
  const record = parseRecordedLine(bytes, line);
  const { reason, message, change, initial } = JSON.parse(bytes.toString("utf8"));
  if (typeof reason?.code !== "string") {
    throw new CdcError(
      "UNREADABLE_LINE",
      `line ${line} is not a dead letter: it has no \`reason\`; a recorded file is for \`replay\``,
    );
  }
  return {
    record,
    ...failureOf(reason.code, reason.text),
    by: reason.by,
    message: message === undefined ? undefined : JSON.stringify(message),
    change,
    isInitial: initial === true,
  };
}

/** The stored reason may quote values, so the error has the meaning of its code. Another version may have other codes. */
function failureOf(code = "", text = ""): Pick<DeadLetter, "error" | "reason"> {
  const known: ErrorCode = isErrorCode(code) ? code : "UNKNOWN_SHAPE";
  return {
    error: new CdcError(known, ERROR_CODES[known].meaning),
    reason: known === code ? text : `${code}: ${text}`,
  };
}

function isWhole(text: string | undefined): boolean {
  return text !== undefined && /^\d+$/.test(text);
}
