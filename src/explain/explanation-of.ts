import { partitionName, type SourceRecord, type TopicPartition } from "../data/record.ts";
import { parseRecordedLine } from "../data/recorded-line.ts";
import { type KeyFields, RecordKey } from "../decode/debezium/record-key.ts";
import type { SchemaRegistry } from "../decode/format/schema-registry.ts";
import { jsonText, parseJson } from "../decode/value/json.ts";
import { CdcError, messageOf } from "../lib/errors.ts";
import type { TopicTopology, Topology } from "../topology/topology.ts";
import { explainedRecord, type RecordOptions } from "./explained-record.ts";
import { explainedRow } from "./explained-row.ts";
import type { ExplainedRecord, ExplainedRow, Explanation, Question } from "./explanation.ts";
import { type ReadRecord, readRecord } from "./read-record.ts";
import type { StateView } from "./state-view.ts";

/** The state that can be searched, and what is needed to decode records. */
export type Explainable = {
  readonly pipeline: string;
  /** Their names. */
  readonly models: readonly string[];
  readonly topology: Topology;
  readonly registry: SchemaRegistry | null;
  readonly views: readonly StateView[];
  readonly notSearched: Explanation["notSearched"];
};

/**
 * Why a row produced a message, or none. All partitions of this process are searched, because the producer decides which
 * partition has a key.
 * @throws CdcError ARGUMENTS
 */
export async function explanationOf(question: Question, of: Explainable): Promise<Explanation> {
  const { pipeline, models, topology, registry } = of;
  const { model } = question;
  if (!models.includes(model))
    throw wrong(`there is no model "${model}"; the settings have ${models.join(", ")}`);
  const views = of.views
    .filter(({ topicTopology }) => reads(model, topicTopology))
    .toSorted((a, b) => compare(a.tp, b.tp));
  const record = recordIn(question);
  const topicTopology = record ? topology.get(record.topic) : views[0]?.topicTopology;
  if (record && !(topicTopology && reads(model, topicTopology)))
    throw wrong(`model "${model}" does not read ${record.topic}, where the record comes from`);
  const read = record && topicTopology ? await readRecord(record, topicTopology, registry) : null;
  const key = keyIn(question, topicTopology?.format.key ?? null, read);
  const found = await rowsOf(key, views, question);
  return {
    ...{ pipeline, model, key, ...found },
    notSearched: [...of.notSearched, ...found.notSearched],
    record: read && topicTopology ? await recordOf(read, topicTopology, views, question) : null,
  };
}

function compare(a: TopicPartition, b: TopicPartition): number {
  return a.topic.localeCompare(b.topic) || a.partition - b.partition;
}

function reads(model: string, { models }: TopicTopology): boolean {
  return models.some(({ name }) => name === model);
}

function recordIn({ line, key }: Question): SourceRecord | null {
  if (line === null && key === null) throw wrong("give the key of a row, or a record");
  try {
    return line === null ? null : parseRecordedLine(Buffer.from(line), 1);
  } catch (error) {
    throw wrong(`the record is unreadable: ${messageOf(error)}`);
  }
}

function keyIn({ key }: Question, fields: KeyFields, read: ReadRecord | null): string | null {
  const given = key === null ? null : canonical(key, fields);
  const own = read?.key ?? null;
  if (given !== null && own !== null && given !== own)
    throw wrong(`the key of the record is ${own} and the given key is ${given}: give one of them`);
  return given ?? own;
}

/** A key as typed: one value, a list of values, or the fields of the record key. */
function canonical(text: string, fields: KeyFields): string {
  try {
    if (text.trim().startsWith("[")) return jsonText(parseJson(text));
    return new RecordKey(fields).read(Buffer.from(text));
  } catch (error) {
    // The text of the error is about a record's key; the cause is about this one.
    const why = error instanceof CdcError ? (error.cause ?? error) : error;
    throw wrong(`the key ${text} is unreadable: ${messageOf(why)}`);
  }
}

type Found = Pick<Explanation, "searched" | "notSearched" | "rows">;

async function rowsOf(
  key: string | null,
  views: readonly StateView[],
  { model, showValues }: Question,
): Promise<Found> {
  const rows: ExplainedRow[] = [];
  const searched: string[] = [];
  const notSearched: Explanation["notSearched"][number][] = [];
  for (const view of key === null ? [] : views) {
    const partition = partitionName(view.tp);
    try {
      const { row, isStored } = await view.row(key as string);
      searched.push(partition);
      const options = { key: key as string, model, isStored, showValues };
      if (row) rows.push(explainedRow(row, view, options));
    } catch (error) {
      // The partition is being revoked or restored.
      notSearched.push({ partition, why: messageOf(error) });
    }
  }
  return { searched, notSearched, rows };
}

async function recordOf(
  read: ReadRecord,
  topicTopology: TopicTopology,
  views: readonly StateView[],
  { model, showValues }: Question,
): Promise<ExplainedRecord> {
  return explainedRecord(read, {
    topicTopology,
    model,
    showValues,
    ...(await stateOf(read, views)),
  });
}

async function stateOf(
  { record, key }: ReadRecord,
  views: readonly StateView[],
): Promise<Pick<RecordOptions, "view" | "row">> {
  const view = views.find(({ tp }) => partitionName(tp) === partitionName(record)) ?? null;
  if (view === null || key === null) return { view, row: null };
  try {
    return { view, row: (await view.row(key)).row };
  } catch {
    // The partition is being revoked.
    return { view: null, row: null };
  }
}

function wrong(text: string): CdcError {
  return new CdcError("ARGUMENTS", text);
}
