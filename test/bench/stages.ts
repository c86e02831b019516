import { classify } from "../../src/classify/classify.ts";
import type { Change } from "../../src/classify/decision.ts";
import type { RowEvent } from "../../src/data/event.ts";
import { parseRecordedLine } from "../../src/data/recorded-line.ts";
import type { StoredRow } from "../../src/data/stored-row.ts";
import type { Sync } from "../../src/map/sync.ts";
import { decodeStoredRow, encodeStoredRow } from "../../src/state/row-codec.ts";
import { rulesOf } from "../../src/topology/rules.ts";
import type { TopicTopology } from "../../src/topology/topology.ts";
import { decodings, planOf } from "./decoding.ts";
import type { FeedOptions } from "./feed.ts";
import { type Format, TOPICS } from "./format.ts";
import { recordedLines } from "./recording.ts";

/** How long one stage took for all records. */
export type Stage = { readonly name: string; readonly records: number; readonly seconds: number };

type Step = { readonly event: RowEvent; readonly change: Change };

const PASSES = 3;

/** Drives every stage of the pipeline over the feed by itself, the fastest of some passes; decoding in every format. */
export async function measureStages(
  options: FeedOptions,
  formats: readonly Format[],
  registryUrl: string,
): Promise<readonly Stage[]> {
  const lines = [...recordedLines(options)];
  const plan = planOf("schemaless");
  const stages: Stage[] = [];
  const stage = <T>(name: string, work: () => T): T => {
    let best = Number.POSITIVE_INFINITY;
    let result = work();
    for (let pass = 0; pass < PASSES; pass += 1) {
      const start = performance.now();
      result = work();
      best = Math.min(best, performance.now() - start);
    }
    stages.push({ name, records: lines.length, seconds: best / 1_000 });
    return result;
  };

  stage("recorded line (replay only)", () =>
    lines.map((line, i) => parseRecordedLine(Buffer.from(line), i + 1)),
  );
  let events: readonly RowEvent[] = [];
  for (const { id, name, decode } of await decodings(options, formats, registryUrl)) {
    const decoded = stage(`decode ${name}`, decode);
    if (id === "schemaless") events = decoded;
  }
  const { changes, stored } = stage("classify", () => classifyAll(events, plan));
  const syncs = new Map(
    plan.models.flatMap(({ syncs }) => syncs.map(({ sync }) => [sync.name, sync])),
  );
  stage("map, with JSON text", () => changes.map((step) => mapOne(step, syncs)));
  const bytes = stage("codec, write a stored row", () =>
    stored.map((row) => encodeStoredRow(row, 0)),
  );
  stage("codec, read a stored row", () => bytes.map(decodeStoredRow));
  return stages;
}

function classifyAll(events: readonly RowEvent[], plan: TopicTopology) {
  const entries = plan.models.flatMap(({ syncs }) =>
    syncs.map(({ sync, fingerprint }) => ({ name: sync.name, fingerprint, boundary: 0 })),
  );
  const rules = rulesOf(plan, entries);
  const rows = new Map<string, StoredRow>();
  const stored: StoredRow[] = [];
  const changes: Step[] = [];
  events.forEach((event, offset) => {
    const previous = rows.get(event.key) ?? null;
    const outcome = classify(previous, event, { offset, streaming: true }, rules);
    for (const change of outcome.changes) changes.push({ event, change });
    if (!outcome.stored) return;
    const row = { ...outcome.stored, lastMessages: "" };
    rows.set(event.key, row);
    stored.push(row);
  });
  return { changes, stored };
}

function mapOne({ event, change }: Step, syncs: ReadonlyMap<string, Sync>): number {
  const changeSource = { ...event, topic: TOPICS.schemaless, changeId: event.sourcePosition ?? "" };
  let bytes = 0;
  for (const message of (syncs.get(change.sync.name) as Sync).messages(
    change,
    changeSource,
    () => {},
  ))
    bytes += Buffer.byteLength(JSON.stringify(message));
  return bytes;
}
