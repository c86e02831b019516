import { z } from "zod";
import { parseTopicPattern } from "../data/topic-pattern.ts";
import { column, duration, flag, whole } from "./setting-kinds.ts";

const COLUMN_TYPES = [
  "boolean",
  "int",
  "double",
  "string",
  "decimal",
  "json",
  "bytes",
  "date",
  "time",
  "timestamp",
] as const;

const columnType = z
  .union([
    z.enum(COLUMN_TYPES),
    z.strictObject({
      type: z.enum(COLUMN_TYPES),
      scale: whole(-100_000, 100_000)
        .optional()
        .describe(
          "decimal: digits after the decimal point, for records that carry only the unscaled integer",
        ),
      unit: z
        .enum(["s", "ms", "us", "ns"])
        .optional()
        .describe(
          "time and timestamp: unit of the number; default: by magnitude (timestamp), us (time)",
        ),
    }),
  ])
  .describe("a column's type, or {type, scale, unit}");

const topic = z
  .string()
  .min(1)
  .refine(isTopic, "write a topic's name, or a pattern between slashes");

function isTopic(text: string): boolean {
  try {
    parseTopicPattern(text);
    return true;
  } catch {
    return false;
  }
}

export const model = z
  .strictObject({
    topic: topic.optional().describe("change topic, or a pattern of topics between slashes"),
    topics: z
      .union([topic, z.array(topic).min(1)])
      .optional()
      .describe(
        "several change topics, instead of `topic`: a list, or a pattern such as /^app\\.shard\\d+\\.users$/; the topic is then part of the key",
      ),
    key: z
      .union([z.array(column).min(1), z.record(column, column)])
      .optional()
      .describe(
        "fields of the record key, as an ordered list or as {name in the row: name in the record key}; default: as in the record key",
      ),
    where: z
      .string()
      .min(1)
      .optional()
      .describe("filter, a CEL expression over `row`; default: every row"),
    columns: z
      .record(column, columnType)
      .default({})
      .describe("types of columns, for records without a schema"),
    beforeImage: z
      .enum(["none", "full"])
      .optional()
      .describe(
        "full: `before` is complete, because the table has REPLICA IDENTITY FULL; default: by connector",
      ),
    unavailableValue: z
      .string()
      .min(1)
      .default("__debezium_unavailable_value")
      .describe("`unavailable.value.placeholder` of the connector"),
    onTruncate: z
      .enum(["remove", "ignore", "stop"])
      .default("remove")
      .describe("effect of a truncate: remove all rows, nothing, or stop the pipeline"),
    keyChange: z
      .enum(["removedAndAdded", "changed"])
      .default("removedAndAdded")
      .describe("how a primary-key change is sent: as a removal and an addition, or as one change"),
    keyChangeTimeout: duration("0ms", "1h")
      .prefault("10s")
      .describe(
        "with keyChange: changed, how long a create waits for the handover of its row from another partition; then it is sent as changed without previous values",
      ),
    reconcile: flag
      .default(false)
      .describe(
        "remove rows that a complete new snapshot does not contain; requires one table per topic",
      ),
    reconcileDelay: duration("0ms", "1d")
      .prefault("1m")
      .describe(
        "with reconcile, how long after the last snapshot record other partitions may still receive records of the snapshot",
      ),
  })
  .describe("a set of rows: topics, a filter and a key");

export type ModelSettings = z.infer<typeof model>;
export type ColumnTypeSetting = z.infer<typeof columnType>;

/** The topics of a model, as they are written: names and patterns. */
export function topicsOf({ topic, topics }: ModelSettings): readonly string[] {
  if (topic !== undefined) return [topic];
  return typeof topics === "string" ? [topics] : (topics ?? []);
}

/** What two models over one topic read differently, if anything: they share its stored rows. */
export function differentReadings(
  a: ModelSettings,
  b: ModelSettings,
): keyof ModelSettings | undefined {
  const shared = [
    "key",
    "columns",
    "beforeImage",
    "unavailableValue",
    "onTruncate",
    "keyChange",
    "keyChangeTimeout",
    "reconcile",
    "reconcileDelay",
  ] as const;
  return shared.find((setting) => JSON.stringify(a[setting]) !== JSON.stringify(b[setting]));
}
