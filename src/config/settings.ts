import { z } from "zod";
import { kafka } from "./kafka-settings.ts";
import { model } from "./model-settings.ts";
import { address, duration, file, flag, ratio, size, whole } from "./setting-kinds.ts";
import { sync } from "./sync-settings.ts";

/**
 * Every setting, declared once: its meaning, its default and its bounds. The type, the validation, the JSON Schema
 * and the messages all come from here. Units stand at the end of names.
 */

const state = z
  .strictObject({
    directory: z.string().min(1).default("./state").describe("folder of the RocksDB stores"),
    deleteRetention: duration("0ms", "36500d")
      .prefault("7d")
      .describe(
        "how long a removed row is remembered, so that late records from before its removal stay stale",
      ),
    onDataLoss: z
      .enum(["stop", "continue", "rebuild"])
      .default("stop")
      .describe(
        "what happens where records are gone that were not processed, or the state of a partition is: stop and say what is lost, go on with what is known, or forget it and build it anew from the topic (as `run --rebuild`)",
      ),
    memory: size("1MB", "1TB")
      .prefault("96MB")
      .describe(
        "what the stores of a process may take for write buffers and caches, shared out over its partitions",
      ),
    changelog: flag
      .default(true)
      .describe(
        "whether `run` keeps the state in compacted topics too, so that another machine can take over; without, it is on this machine's disk alone",
      ),
  })
  .prefault({})
  .describe("the local state");

const segment = z
  .strictObject({
    writeKey: z
      .string()
      .regex(
        /^[!-~]+$/,
        "write the key alone: it is empty, or has a blank, an end of line (of a file that it was read from?) or a letter beyond ASCII",
      )
      .describe("the source's write key; never printed or logged"),
    region: z.enum(["us", "eu"]).default("us").describe("Segment's region"),
    url: address
      .optional()
      .describe(
        "base URL of any Segment-compatible endpoint (`/v1/batch` is added), instead of a region",
      ),
    ca: file
      .optional()
      .describe(
        "the authority of its certificate, as a PEM file; default: the system's; certificates are always verified",
      ),
    compression: z
      .enum(["none", "gzip"])
      .default("none")
      .describe(
        "of request bodies; gzip sends a quarter of the bytes, for some 2 µs of processor time a message",
      ),
    linger: duration("0ms", "1m")
      .prefault("20ms")
      .describe("how long a message may wait for others to fill its batch"),
    timeout: duration("100ms", "10m")
      .prefault("30s")
      .describe(
        "how long one request may take; what takes longer is sent again, so a Segment that always does gets nothing new",
      ),
  })
  .describe("where the messages go");

const checkpoint = z
  .strictObject({
    interval: duration("10ms", "10m")
      .prefault("1s")
      .describe("longest time between two checkpoints of a task that has work"),
    rows: whole(1, 1_000_000)
      .default(5_000)
      .describe(
        "uncommitted rows that start a checkpoint before its time; twice as many pause the task",
      ),
    bytes: size("1KB", "1GB")
      .prefault("4MB")
      .describe("and so do uncommitted bytes; twice as many pause the task"),
  })
  .prefault({})
  .describe("the durable step: deliver, changelog, store, commit");

const limits = z
  .strictObject({
    queueRecords: whole(1, 1_000_000)
      .default(4_000)
      .describe("records a task holds before its partition is paused"),
    queueBytes: size("1KB", "1GB")
      .prefault("8MB")
      .describe("bytes a task holds before its partition is paused"),
    deliveryMessages: whole(1, 1_000_000)
      .default(5_000)
      .describe("undelivered messages a task holds before it stops to process"),
    deliveryBytes: size("1KB", "1GB")
      .prefault("4MB")
      .describe("undelivered bytes a task holds before it stops to process"),
  })
  .prefault({})
  .describe(
    "what bounds memory, for each task; the tasks of a process together hold at most eight times as much",
  );

const deadLetters = z
  .strictObject({
    topic: z
      .string()
      .min(1)
      .optional()
      .describe("topic for what was set aside under `run`; default: `<name>.dead-letters`"),
    retention: duration("0ms", "36500d")
      .prefault("30d")
      .describe("retention of that topic where it is made by us"),
    file: z
      .string()
      .min(1)
      .optional()
      .describe(
        "file for what was set aside under `replay`; default: `<state.directory>/<name>/replay/dead-letters.ndjson`",
      ),
    maxConsecutive: whole(1, 1_000_000_000)
      .default(1_000)
      .describe(
        "this many records of one task in a row that all end as dead letters stop the pipeline instead of draining the topic",
      ),
    maxRatio: ratio
      .default(0.5)
      .describe(
        "this part of the last `ratioWindow` records of a process that end as dead letters, or of its messages that Segment refuses, stops the pipeline too",
      ),
    ratioWindow: whole(10, 10_000_000)
      .default(10_000)
      .describe("records, and messages, that `maxRatio` looks at"),
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

const status = z
  .union([
    z.literal("off").describe("no status port"),
    z.strictObject({
      host: z
        .string()
        .min(1)
        .default("127.0.0.1")
        .describe(
          "address to listen at; the default is this machine alone: /status shows user ids, and nobody is asked for a password",
        ),
      port: whole(0, 65_535).default(8686).describe("0: any free one, which the log names"),
    }),
  ])
  .prefault({})
  .describe(
    "where `run` answers with its status page, /metrics, /live, /ready and /status, or `off`",
  );

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
    status,
    models: z.record(z.string().min(1), model).describe("sets of rows, by name"),
    syncs: z.record(z.string().min(1), sync).describe("what is sent, by name"),
  })
  .describe("cdc-to-segment pipeline");

export type Settings = z.infer<typeof settingsSchema>;
