import { z } from "zod";
import { parseTopicPattern } from "../data/topic-pattern.ts";
import { choice, column, duration, flag, text, whole } from "./setting-kinds.ts";

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

const columnType = z.union(
  [
    choice(...COLUMN_TYPES),
    z.strictObject({
      type: choice(...COLUMN_TYPES).describe("Type of the column's values."),
      scale: whole(-100_000, 100_000)
        .optional()
        .describe(
          "For `decimal`: digits after the decimal point, where records carry only the unscaled integer.",
        ),
      unit: choice("s", "ms", "us", "ns")
        .optional()
        .describe(
          "For `time` and `timestamp`: unit of the number. Default: by its magnitude (`timestamp`), `us` (`time`).",
        ),
    }),
  ],
  { error: `write a column's type (${COLUMN_TYPES.join(", ")}) or {type, scale, unit}` },
);

const topicForm = "write a topic's name, or a pattern between slashes";
const topic = text("a topic's name, or a pattern between slashes").refine(isTopic, topicForm);

function isTopic(name: string): boolean {
  try {
    parseTopicPattern(name);
    return true;
  } catch {
    return false;
  }
}

export const model = z
  .strictObject({
    topic: topic
      .optional()
      .describe("Change topic, or a pattern of topics. `topic` or `topics` is required."),
    topics: z
      .union([topic, z.array(topic).min(1, "name at least one topic")], {
        error: "write a list of topics, or a pattern between slashes",
      })
      .optional()
      .describe(
        "Several change topics of one shape, instead of `topic`: a list, or a pattern such as `/^app\\.shard\\d+\\.users$/`. The topic is then part of a row's identity.",
      ),
    key: z
      .union([z.array(column).min(1, "name at least one field"), z.record(column, column)], {
        error: "write a list of the record key's fields, or {name in the row: name in the key}",
      })
      .optional()
      .describe(
        "Fields of the record key, in their order, or a map from names in the row to names in the record key. Default: the fields of the record key.",
      ),
    where: text("a CEL expression over `row`")
      .optional()
      .describe("CEL expression over `row` that selects rows. Default: every row."),
    columns: z
      .record(column, columnType)
      .default({})
      .describe("Types of columns. Needed only where records carry no schema."),
    beforeImage: choice("none", "full")
      .optional()
      .describe(
        "`full` if the table has REPLICA IDENTITY FULL, so that `before` is complete. Default: what is known of the connector.",
      ),
    unavailableValue: text()
      .default("__debezium_unavailable_value")
      .describe("The connector's `unavailable.value.placeholder`."),
    onTruncate: choice("remove", "ignore", "stop")
      .default("remove")
      .describe(
        "What happens when the table is truncated: its rows are removed, nothing, or the pipeline stops.",
      ),
    keyChange: choice("removedAndAdded", "changed")
      .default("removedAndAdded")
      .describe(
        "What a change of a row's primary key is: the old row removed and a new one added, or one changed row.",
      ),
    keyChangeTimeout: duration("0ms", "1h")
      .prefault("10s")
      .describe(
        "For `keyChange: changed`: how long a new key waits for its previous row from another partition. After that it is sent as changed without previous values.",
      ),
    reconcile: flag
      .default(false)
      .describe(
        "Whether rows that a complete new snapshot no longer contains are removed. Needs one table per topic.",
      ),
    reconcileDelay: duration("0ms", "1d")
      .prefault("1m")
      .describe(
        "For `reconcile`: how long after the snapshot's last record other partitions may still receive records of it.",
      ),
  })
  .describe("A set of rows: topics, an optional filter and a key.");

export type ModelSettings = z.infer<typeof model>;
export type ColumnTypeSetting = z.infer<typeof columnType>;

/** The topics of a model as they are written: names and patterns. */
export function topicsOf({ topic, topics }: ModelSettings): readonly string[] {
  if (topic !== undefined) return [topic];
  return typeof topics === "string" ? [topics] : (topics ?? []);
}

/** Settings that models over one topic share, because they share its stored rows. */
const SHARED = [
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

type Shared = (typeof SHARED)[number];

/** The settings in which two models differ although they read the same topic. */
export function differentReadings(
  a: { readonly [setting in Shared]?: unknown },
  b: { readonly [setting in Shared]?: unknown },
): readonly Shared[] {
  return SHARED.filter((setting) => JSON.stringify(a[setting]) !== JSON.stringify(b[setting]));
}
