import type { SourceRecord } from "../data/record.ts";
import { parseRecordedLine } from "../data/recorded-line.ts";
import { CdcError, ERROR_CODES, type ErrorCode, isErrorCode } from "../lib/errors.ts";
import { type DeadLetter, HEADER } from "./dead-letters.ts";

/** The dead letter that a record of its topic is, with the coordinates that it had; `null` where it is none of ours. */
export function deadLetterOfRecord({ key, value, headers }: SourceRecord): DeadLetter | null {
  const ours = (name: string) => headers[`${HEADER}.${name}`]?.toString();
  const topic = ours("topic");
  const [partition, offset, timestamp] = [ours("partition"), ours("offset"), ours("timestamp")];
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
    ...failureOf(ours("code"), ours("reason")),
    by: ours("by"),
    message: ours("message"),
    change: ours("change"),
    isInitial: ours("initial") === "true",
  };
}

/**
 * The dead letter that a line of a dead-letter file is.
 * @throws CdcError UNREADABLE_LINE where it is none
 */
export function deadLetterOfLine(bytes: Buffer, line: number): DeadLetter {
  const record = parseRecordedLine(bytes, line);
  const { reason, message, change, initial } = JSON.parse(bytes.toString("utf8"));
  if (typeof reason?.code !== "string") {
    throw new CdcError(
      "UNREADABLE_LINE",
      `line ${line} is no dead letter: it has no \`reason\`; a recorded file is for \`replay\``,
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
