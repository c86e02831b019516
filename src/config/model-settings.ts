import { z } from "zod";
import { column, whole } from "./setting-kinds.ts";

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

export const model = z
  .strictObject({
    topic: z.string().min(1).optional().describe("the change topic"),
    topics: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe(
        "several change topics of one shape, instead of `topic`; the topic is then part of the key",
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
  })
  .describe("a set of rows: a topic, a filter and a key");

export type ModelSettings = z.infer<typeof model>;
export type ColumnTypeSetting = z.infer<typeof columnType>;
