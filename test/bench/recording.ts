import { once } from "node:events";
import { createWriteStream } from "node:fs";
import {
  type FeedMessages,
  type FeedOptions,
  type FeedRecord,
  feed,
  HEADERS,
  TOPIC,
} from "./feed.ts";

const LINES_A_WRITE = 1_000;
const HEADER_LIST = JSON.stringify(Object.entries(HEADERS).flat());

/** The feed's lines as `kcat -C -J` writes them. */
export function* recordedLines(options: FeedOptions): Generator<string, FeedMessages> {
  const offsets = new Map<number, number>();
  const records = feed(options);
  let next = records.next();
  for (; !next.done; next = records.next()) {
    const offset = offsets.get(next.value.partition) ?? 0;
    offsets.set(next.value.partition, offset + 1);
    yield lineOf(next.value, offset);
  }
  return next.value;
}

export async function writeRecording(path: string, options: FeedOptions): Promise<FeedMessages> {
  const out = createWriteStream(path);
  const lines = recordedLines(options);
  let waiting: string[] = [];
  let next = lines.next();
  for (; !next.done; next = lines.next()) {
    waiting.push(next.value);
    if (waiting.length < LINES_A_WRITE) continue;
    if (!out.write(`${waiting.join("\n")}\n`)) await once(out, "drain");
    waiting = [];
  }
  out.end(waiting.map((line) => `${line}\n`).join(""));
  await once(out, "close");
  return next.value;
}

function lineOf({ partition, key, value, timestamp }: FeedRecord, offset: number): string {
  const head = `{"topic":"${TOPIC}","partition":${partition},"offset":${offset},"tstype":"create"`;
  const body = `"key":${JSON.stringify(key)},"payload":${JSON.stringify(value)}`;
  return `${head},"ts":${timestamp},"broker":1,"headers":${HEADER_LIST},${body}}`;
}
