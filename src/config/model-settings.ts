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
          "decimal: digits after the point, for records that carry the unscaled integer only",
        ),
      unit: z
        .enum(["s", "ms", "us", "ns"])
        .optional()
        .describe(
          "time, timestamp: the unit of the number; default: by its magnitude (timestamp), us (time)",
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
    topic: topic.optional().describe("the change topic, or a pattern of topics"),
    topics: z
      .union([topic, z.array(topic).min(1)])
      .optional()
      .describe(
        "several change topics of one shape, instead of `topic`: a list, or a pattern such as /^app\\.shard\\d+\\.users$/; the topic is then part of the key",
      ),
    key: z
      .union([z.array(column).min(1), z.record(column, column)])
      .optional()
      .describe(
        "the record key's fields, in the order wanted, or {name in the row: name in the record key}; default: as the record key has them",
      ),
    where: z
      .string()
      .min(1)
      .optional()
      .describe("CEL over `row`: which rows belong; absent = every row"),
    columns: z
      .record(column, columnType)
      .default({})
      .describe("column types, needed only where the records carry no schema"),
    beforeImage: z
      .enum(["none", "full"])
      .optional()
      .describe(
        "full: the table has REPLICA IDENTITY FULL, so `before` is complete; default: what the connector is known to do",
      ),
    unavailableValue: z
      .string()
      .min(1)
      .default("__debezium_unavailable_value")
      .describe("the connector's `unavailable.value.placeholder`"),
    onTruncate: z
      .enum(["remove", "ignore", "stop"])
      .default("remove")
      .describe("what TRUNCATE of the table does"),
    keyChange: z
      .enum(["removedAndAdded", "changed"])
      .default("removedAndAdded")
      .describe(
        "what a change of a row's primary key is: the old row removed and a new one added, or one row changed",
      ),
    keyChangeTimeout: duration("0ms", "1h")
      .prefault("10s")
      .describe(
        "keyChange: changed: how long the new key waits for its row where another partition has it; then it is sent as changed without what it was",
      ),
    reconcile: flag
      .default(false)
      .describe(
        "whether rows that a complete new snapshot no longer contains (deleted while the connector was away) are removed; one table a topic",
      ),
    reconcileDelay: duration("0ms", "1d")
      .prefault("1m")
      .describe(
        "reconcile: how long after the snapshot's last read the other partitions may still receive reads of it",
      ),
  })
  .describe("a set of rows: a topic, a filter and a key");

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
