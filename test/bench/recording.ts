import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { type FeedMessages, type FeedOptions, feed, HEADERS } from "./feed.ts";
import { schemaless, TOPICS } from "./format.ts";

const LINES_A_WRITE = 1_000;
const HEADER_LIST = JSON.stringify(Object.entries(HEADERS).flat());

/** The schemaless feed's lines as `kcat -C -J` writes them. */
export function* recordedLines(options: FeedOptions): Generator<string, FeedMessages> {
  const offsets = new Map<number, number>();
  const changes = feed(options);
  let next = changes.next();
  for (; !next.done; next = changes.next()) {
    const offset = offsets.get(next.value.partition) ?? 0;
    offsets.set(next.value.partition, offset + 1);
    yield lineOf(schemaless.recordOf(next.value), offset);
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

function lineOf(record: ReturnType<typeof schemaless.recordOf>, offset: number): string {
  const { partition, key, value, timestamp } = record;
  const head = `{"topic":"${TOPICS.schemaless}","partition":${partition},"offset":${offset},"tstype":"create"`;
  const body = `"key":${JSON.stringify(key)},"payload":${JSON.stringify(value)}`;
  return `${head},"ts":${timestamp},"broker":1,"headers":${HEADER_LIST},${body}}`;
}
