import { isUtf8 } from "node:buffer";
import { CdcError, messageOf } from "../lib/errors.ts";
import { isTime } from "./instant.ts";
import type { SourceRecord } from "./record.ts";

/** A record of a recorded file, with its line number from 1. */
export type RecordedRecord = SourceRecord & { readonly line: number };

/**
 * Reads one line as `kcat -C -J` writes it: `topic, partition, offset, ts, headers, key, payload`. Bytes that are not
 * text are in `key_base64` and `payload_base64`.
 * @throws CdcError UNREADABLE_LINE
 */
export function parseRecordedLine(bytes: Buffer, line: number): RecordedRecord {
  if (!isUtf8(bytes)) throw unreadable(line, "it is not UTF-8");
  let json: { [name: string]: unknown };
  try {
    json = JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw unreadable(line, "it is not JSON", messageOf(error));
  }
  if (typeof json !== "object" || json === null) throw unreadable(line, "it is no JSON object");
  const { topic, partition, offset, ts, headers } = json;
  if (typeof topic !== "string" || topic === "") throw unreadable(line, "it has no `topic`");
  if (!Number.isSafeInteger(partition) || (partition as number) < 0)
    throw unreadable(line, "it has no `partition`");
  if (!Number.isSafeInteger(offset) || (offset as number) < 0)
    throw unreadable(line, "it has no `offset`");
  return {
    topic,
    partition: partition as number,
    offset: offset as number,
    timestamp: isTime(ts) ? ts : 0,
    headers: headersOf(headers, line),
    key: bytesOf(json, "key", line),
    value: bytesOf(json, "payload", line),
    line,
  };
}

/** A record in the form that `parseRecordedLine` reads. */
export function recordedForm({
  topic,
  partition,
  offset,
  timestamp,
  headers,
  key,
  value,
}: SourceRecord): object {
  return {
    topic,
    partition,
    offset,
    ts: timestamp,
    headers: Object.entries(headers).flatMap(([name, held]) => [name, held?.toString() ?? null]),
    ...bytesForm("key", key),
    ...bytesForm("payload", value),
  };
}

/** As text if the bytes are text, else as base64. */
function bytesForm(name: string, bytes: Buffer | null): { [name: string]: string | null } {
  if (bytes === null || isUtf8(bytes)) return { [name]: bytes?.toString("utf8") ?? null };
  return { [`${name}_base64`]: bytes.toString("base64") };
}

function headersOf(headers: unknown, line: number): SourceRecord["headers"] {
  if (headers === undefined || headers === null) return {};
  if (!Array.isArray(headers) || headers.length % 2 !== 0)
    throw unreadable(line, "`headers` is not a list of names and values");
  const result: { [name: string]: string } = {};
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i + 1] !== null) result[String(headers[i])] = String(headers[i + 1]);
  }
  return result;
}

function bytesOf(
  json: { [name: string]: unknown },
  name: "key" | "payload",
  line: number,
): Buffer | null {
  const base64 = json[`${name}_base64`];
  if (typeof base64 === "string") return Buffer.from(base64, "base64");
  const text = json[name];
  // A tombstone has the payload null; a line without payload is invalid.
  if (text === undefined && base64 === undefined && name === "payload")
    throw unreadable(line, "it has no `payload`");
  if (text === null || text === undefined) return null;
  if (typeof text === "string") return Buffer.from(text);
  throw unreadable(line, `\`${name}\` is neither text nor null`);
}

function unreadable(line: number, reason: string, details?: string): CdcError {
  const text = `line ${line} is not what \`kcat -C -J\` writes: ${reason}`;
  return new CdcError("UNREADABLE_LINE", text, { details });
}
