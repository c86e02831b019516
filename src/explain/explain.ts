import { nameOf, type SourceRecord, type TopicPartition } from "../data/record.ts";
import { parseRecordedLine } from "../data/recorded-line.ts";
import { type KeyFields, RecordKey } from "../decode/debezium/record-key.ts";
import type { SchemaRegistry } from "../decode/format/schema-registry.ts";
import { jsonText, parseJson } from "../decode/value/json.ts";
import { CdcError, messageOf } from "../lib/errors.ts";
import type { Plans, TopicPlan } from "../topology/topology.ts";
import { explainedRecord, type RecordOptions } from "./explained-record.ts";
import { explainedRow } from "./explained-row.ts";
import type { ExplainedRecord, ExplainedRow, Explanation, Question } from "./explanation.ts";
import { type ReadRecord, readRecord } from "./read-record.ts";
import type { Look } from "./state-view.ts";

/** Whatever can be looked into, and what records are read with. */
export type Explainable = {
  readonly pipeline: string;
  /** Their names in the settings. */
  readonly models: readonly string[];
  readonly plans: Plans;
  readonly registry: SchemaRegistry | null;
  readonly looks: readonly Look[];
  readonly notLooked: Explanation["notLooked"];
};

/**
 * Why something was sent about a row, or not. A key may be in any partition, as its producer chose: all that are here are
 * looked at.
 * @throws CdcError ARGUMENTS where the question cannot be understood
 */
export async function explain(question: Question, of: Explainable): Promise<Explanation> {
  const { pipeline, models, plans, registry } = of;
  const { model } = question;
  if (!models.includes(model))
    throw wrong(`there is no model "${model}"; the settings have ${models.join(", ")}`);
  const looks = of.looks
    .filter(({ plan }) => isOver(plan, model))
    .toSorted((a, b) => inOrder(a.at, b.at));
  const record = recordIn(question);
  const plan = record ? plans.get(record.topic) : looks[0]?.plan;
  if (record && !(plan && isOver(plan, model)))
    throw wrong(`model "${model}" does not read ${record.topic}, where the record comes from`);
  const read = record && plan ? await readRecord(record, plan, registry) : null;
  const key = keyIn(question, plan?.format.key ?? null, read);
  const found = await rowsOf(key, looks, question);
  return {
    ...{ pipeline, model, key, ...found },
    notLooked: [...of.notLooked, ...found.notLooked],
    record: read && plan ? await recordOf(read, plan, looks, question) : null,
  };
}

function inOrder(a: TopicPartition, b: TopicPartition): number {
  return a.topic.localeCompare(b.topic) || a.partition - b.partition;
}

function isOver({ models }: TopicPlan, model: string): boolean {
  return models.some(({ name }) => name === model);
}

function recordIn({ line, key }: Question): SourceRecord | null {
  if (line === null && key === null) throw wrong("which row? Give its key, or a record");
  try {
    return line === null ? null : parseRecordedLine(Buffer.from(line), 1);
  } catch (error) {
    throw wrong(`the record cannot be read: ${messageOf(error)}`);
  }
}

function keyIn({ key }: Question, fields: KeyFields, read: ReadRecord | null): string | null {
  const given = key === null ? null : canonical(key, fields);
  const own = read?.key ?? null;
  if (given !== null && own !== null && given !== own)
    throw wrong(`the record is about ${own} and the key that was given is ${given}: leave one out`);
  return given ?? own;
}

/** A key as a person writes it: one value, a list of values, or the record key's fields. */
function canonical(text: string, fields: KeyFields): string {
  try {
    if (text.trim().startsWith("[")) return jsonText(parseJson(text));
    return new RecordKey(fields).read(Buffer.from(text));
  } catch (error) {
    // That the key cannot be read is what the cause is about.
    const why = error instanceof CdcError ? (error.cause ?? error) : error;
    throw wrong(`the key ${text} cannot be read: ${messageOf(why)}`);
  }
}

type Found = Pick<Explanation, "looked" | "notLooked" | "rows">;

async function rowsOf(
  key: string | null,
  looks: readonly Look[],
  { model, showValues }: Question,
): Promise<Found> {
  const rows: ExplainedRow[] = [];
  const looked: string[] = [];
  const notLooked: Explanation["notLooked"][number][] = [];
  for (const look of key === null ? [] : looks) {
    const partition = nameOf(look.at);
    try {
      const { row, isStored } = await look.row(key as string);
      looked.push(partition);
      const options = { key: key as string, model, isStored, showValues };
      if (row) rows.push(explainedRow(row, look, options));
    } catch (error) {
      // It is being given up, or restored.
      notLooked.push({ partition, why: messageOf(error) });
    }
  }
  return { looked, notLooked, rows };
}

async function recordOf(
  read: ReadRecord,
  plan: TopicPlan,
  looks: readonly Look[],
  { model, showValues }: Question,
): Promise<ExplainedRecord> {
  return explainedRecord(read, { plan, model, showValues, ...(await stateOf(read, looks)) });
}

async function stateOf(
  { record, key }: ReadRecord,
  looks: readonly Look[],
): Promise<Pick<RecordOptions, "look" | "row">> {
  const look = looks.find(({ at }) => nameOf(at) === nameOf(record)) ?? null;
  if (look === null || key === null) return { look, row: null };
  try {
    return { look, row: (await look.row(key)).row };
  } catch {
    // It is being given up: its state is not here any more.
    return { look: null, row: null };
  }
}

function wrong(text: string): CdcError {
  return new CdcError("ARGUMENTS", text);
}
