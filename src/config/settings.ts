import { z } from "zod";

/**
 * Every setting, declared once: its meaning, its default and its bounds. The type, the validation, the JSON Schema
 * and the messages all come from here. Units stand at the end of names; durations are written `500ms`, `10s`, `7d`.
 */

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A duration such as `7d`, in milliseconds once read. */
const duration = z
  .string()
  .regex(/^\d+(ms|s|m|h|d)$/, "write a number and a unit, such as 500ms, 10s, 15m, 12h or 7d")
  .transform((text) => {
    const [, amount, unit] = /^(\d+)(\w+)$/.exec(text) as unknown as [
      string,
      string,
      keyof typeof UNITS,
    ];
    return Number(amount) * UNITS[unit];
  });

/** A whole number; text is taken too, since `${ENV}` gives text. */
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);

const column = z.string().min(1);

const mapped = z
  .union([
    column,
    z.strictObject({ value: z.json().describe("a constant") }),
    z.strictObject({ cel: z.string().min(1).describe("a CEL expression over `row`") }),
  ])
  .describe(
    "a column name (`prefs.dark` reaches into a JSON column), {value: constant} or {cel: expression}",
  );

const fields = z
  .union([
    z.literal("*").describe("every column, under its own name"),
    z.array(column).describe("columns, under their own names"),
    z.record(z.string().min(1), mapped).describe("name at Segment: what it is read from"),
  ])
  .describe('a list of columns, a map of name to mapped value, or "*" for every column');

const file = z.string().min(1).describe("path of a PEM file");

const kafka = z
  .strictObject({
    brokers: z
      .array(z.string().regex(/^[^\s,]+:\d+$/, "write host:port"))
      .min(1)
      .describe("bootstrap brokers, host:port"),
    clientId: z
      .string()
      .min(1)
      .optional()
      .describe("client id at the brokers; default: the pipeline's name"),
    groupId: z.string().min(1).optional().describe("consumer group; default: the pipeline's name"),
    tls: z
      .union([
        flag,
        z.strictObject({ ca: file.optional(), cert: file.optional(), key: file.optional() }),
      ])
      .default(false)
      .describe("true, or {ca, cert, key} as files; certificates are always verified"),
    sasl: z
      .strictObject({
        mechanism: z.enum(["plain", "scram-sha-256", "scram-sha-512"]),
        username: z.string().min(1),
        password: z.string().min(1),
      })
      .optional()
      .describe("SASL credentials"),
    schemaRegistry: z
      .strictObject({
        url: z.url({ protocol: /^https?$/ }),
        username: z.string().min(1).optional(),
        password: z.string().min(1).optional(),
        ca: file.optional(),
      })
      .optional()
      .describe("Confluent-compatible schema registry"),
  })
  .describe("where the change topics are");

const state = z
  .strictObject({
    directory: z.string().min(1).default("./state").describe("folder of the RocksDB stores"),
    forgetDeletedAfter: duration
      .default(7 * UNITS.d)
      .describe(
        "how long a removed row is remembered, so that late records from before its removal stay stale",
      ),
  })
  .prefault({})
  .describe("the local state");

const segment = z
  .strictObject({
    writeKey: z.string().min(1).describe("the source's write key; never printed or logged"),
    region: z.enum(["us", "eu"]).default("us").describe("Segment's region"),
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe(
        "base URL of any Segment-compatible endpoint (`/v1/batch` is added), instead of a region",
      ),
    linger_ms: whole(0, 60_000)
      .default(20)
      .describe("how long a message may wait for others to fill its batch"),
    timeout_ms: whole(100, 600_000).default(10_000).describe("how long one request may take"),
  })
  .describe("where the messages go");

const checkpoint = z
  .strictObject({
    interval_ms: whole(10, 600_000)
      .default(1_000)
      .describe("longest time between two checkpoints of a task that has work"),
    rows: whole(1, 1_000_000)
      .default(10_000)
      .describe(
        "uncommitted rows that start a checkpoint before its time; twice as many pause the task",
      ),
  })
  .prefault({})
  .describe("the durable step: deliver, changelog, store, commit");

const limits = z
  .strictObject({
    queue_records: whole(1, 1_000_000)
      .default(10_000)
      .describe("records a task holds before its partition is paused"),
    queue_bytes: whole(1_000, 1_000_000_000)
      .default(16_000_000)
      .describe("bytes a task holds before its partition is paused"),
    lane_messages: whole(1, 1_000_000)
      .default(10_000)
      .describe("undelivered messages a task holds before it stops to process"),
    lane_bytes: whole(1_000, 1_000_000_000)
      .default(16_000_000)
      .describe("undelivered bytes a task holds before it stops to process"),
  })
  .prefault({})
  .describe("what bounds memory, for each task");

const deadLetters = z
  .strictObject({
    topic: z
      .string()
      .min(1)
      .optional()
      .describe("topic for what was set aside under `run`; default: `<name>.dead-letters`"),
    retention: duration
      .default(30 * UNITS.d)
      .describe("retention of that topic where it is made by us"),
    file: z
      .string()
      .min(1)
      .optional()
      .describe(
        "file for what was set aside under `replay`; default: `<state.directory>/<name>/replay/dead-letters.ndjson`",
      ),
    stopAfterInARow: whole(1, 1_000_000_000)
      .default(1_000)
      .describe(
        "this many records of one task in a row that all end as dead letters stop the pipeline instead of draining the topic",
      ),
  })
  .prefault({})
  .describe("where records and messages go that cannot be processed, with the reason");

const log = z
  .strictObject({
    level: z
      .enum(["debug", "info", "warn", "error"])
      .default("info")
      .describe("the least that is logged; row content is never logged above debug"),
    format: z
      .enum(["auto", "json", "pretty"])
      .default("auto")
      .describe("auto: pretty on a terminal, else JSON lines"),
  })
  .prefault({})
  .describe("log lines, on stderr");

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

const model = z
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

const common = {
  model: z.string().min(1).describe("name of the model"),
  userId: mapped.optional().describe("Segment's userId; userId, anonymousId or both are required"),
  anonymousId: mapped.optional().describe("Segment's anonymousId"),
  timestamp: column
    .optional()
    .describe("column that says when the event occurred; default: the commit time in the database"),
  messageId: column
    .optional()
    .describe(
      "column with an id of the event, used as it stands; default: derived from the change",
    ),
  watch: z
    .union([z.literal("*"), z.array(column)])
    .optional()
    .describe(
      "columns whose difference makes a row changed; default: those that the ids and the mapping read",
    ),
  missingUser: z
    .enum(["deadLetter", "ignore", "stop"])
    .default("deadLetter")
    .describe("what happens to a row that has neither userId nor anonymousId"),
};

const properties = fields.default({}).describe("Segment properties from columns");

const initialResults = z
  .enum(["skip", "send"])
  .default("skip")
  .describe("whether rows that were already there when the sync began are sent");

const identify = z
  .strictObject({
    type: z.literal("identify"),
    ...common,
    traits: fields.default({}).describe("Segment traits from columns"),
  })
  .describe("identify for every added or changed row, initial results included");

const track = z
  .strictObject({
    type: z.literal("track"),
    ...common,
    properties,
    events: z
      .strictObject({
        added: z.string().min(1).optional(),
        changed: z.string().min(1).optional(),
        removed: z.string().min(1).optional(),
      })
      .refine(
        (events) => Object.keys(events).length > 0,
        "name at least one of added, changed, removed",
      )
      .describe("event names; a kind without a name is not sent"),
    initialResults,
  })
  .describe("a track call with an event name each for added, changed and removed rows");

const audience = z
  .strictObject({ type: z.literal("track-entered-exited"), ...common, properties, initialResults })
  .describe('track "Segment Entered" and "Segment Exited" as rows come and go');

const sync = z
  .discriminatedUnion("type", [identify, track, audience])
  .describe("one model turned into one kind of Segment call");

export const settingsSchema = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
        "use letters, digits, dots, dashes and underscores",
      )
      .describe("pipeline id: consumer group, state folder, part of every messageId"),
    kafka: kafka.optional(),
    state,
    segment,
    checkpoint,
    limits,
    deadLetters,
    log,
    models: z.record(z.string().min(1), model).describe("sets of rows, by name"),
    syncs: z.record(z.string().min(1), sync).describe("what is sent, by name"),
  })
  .describe("cdc-to-segment pipeline");

export type Settings = z.infer<typeof settingsSchema>;
export type ModelSettings = z.infer<typeof model>;
export type SyncSettings = z.infer<typeof sync>;
export type MappedSetting = z.infer<typeof mapped>;
export type FieldsSetting = z.infer<typeof fields>;
export type ColumnTypeSetting = z.infer<typeof columnType>;
