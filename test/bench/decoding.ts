import { parseSettings } from "../../src/config/read.ts";
import type { RowEvent } from "../../src/data/event.ts";
import type { SourceRecord } from "../../src/data/record.ts";
import { Decoder } from "../../src/decode/decoder.ts";
import { SchemaRegistry } from "../../src/decode/format/schema-registry.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { noopLogger } from "../../src/lib/logger.ts";
import { type TopicTopology, Topology } from "../../src/topology/topology.ts";
import { type FeedOptions, feed, HEADERS } from "./feed.ts";
import { type Format, type FormatId, TOPICS } from "./format.ts";
import { settingsText } from "./settings.ts";

/** Decoding the whole feed in one format, ready to be timed. */
export type Decoding = {
  readonly id: FormatId;
  readonly name: string;
  readonly decode: () => readonly RowEvent[];
};

/** One for each format, in their order; what Avro needs from the registry has been fetched. */
export async function decodings(
  options: FeedOptions,
  formats: readonly Format[],
  registryUrl: string,
): Promise<readonly Decoding[]> {
  const all: Decoding[] = [];
  for (const format of formats) {
    const records = recordsOf(options, format);
    const registry = new SchemaRegistry({
      url: registryUrl,
      clock: systemClock,
      logger: noopLogger,
      stop: new AbortController().signal,
    });
    await registry.prepare(records);
    const decoder = new Decoder(planOf(format.id).format, registry);
    const decode = () => records.map((record) => decodeRow(decoder, record));
    all.push({ id: format.id, name: format.name, decode });
  }
  return all;
}

/** What the service plans for the format's topic. */
export function planOf(format: FormatId): TopicTopology {
  const text = settingsText({
    name: "stages",
    format,
    broker: "localhost:9092",
    registryUrl: "http://localhost",
    url: "http://localhost",
    state: "/nowhere",
    changelog: false,
  });
  return new Topology(parseSettings(text, "bench", {})).get(TOPICS[format]) as TopicTopology;
}

function recordsOf(options: FeedOptions, { topic, recordOf }: Format): readonly SourceRecord[] {
  return Array.from(feed(options), (change, offset) => {
    const { key, value, ...directory } = recordOf(change);
    const bytes = { key: Buffer.from(key), value: Buffer.from(value) };
    return { topic, offset, headers: HEADERS, ...directory, ...bytes };
  });
}

function decodeRow(decoder: Decoder, record: SourceRecord): RowEvent {
  const event = decoder.decode(record);
  if (event.kind !== "row") throw new Error(`the feed has a ${event.kind}`);
  return event;
}
