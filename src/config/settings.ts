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
    directory: z.string().min(1).default("./state").describe("directory of the RocksDB stores"),
    deleteRetention: duration("0ms", "36500d")
      .prefault("7d")
      .describe(
        "how long the delete marker of a removed row is kept, so that late records from before the removal stay stale",
      ),
    onDataLoss: z
      .enum(["stop", "continue", "rebuild"])
      .default("stop")
      .describe(
        "if unprocessed records or the state of a partition are lost: stop and name them, continue without them, or rebuild the state from the topic (as `run --rebuild`)",
      ),
    memory: size("1MB", "1TB")
      .prefault("96MB")
      .describe(
        "memory of all stores of a process for write buffers and caches, divided among its partitions",
      ),
    changelog: flag
      .default(true)
      .describe(
        "whether `run` also writes the state to compacted topics, so that another machine can take over; if false, it is only on this machine's disk",
      ),
  })
  .prefault({})
  .describe("local state");

const segment = z
  .strictObject({
    writeKey: z
      .string()
      .regex(
        /^[!-~]+$/,
        "write the key alone: it is empty, or has a blank, an end of line (of a file that it was read from?) or a letter beyond ASCII",
      )
      .describe("write key of the Segment source; never printed or logged"),
    region: z.enum(["us", "eu"]).default("us").describe("region of the Segment workspace"),
    url: address
      .optional()
      .describe(
        "base URL of a Segment-compatible endpoint, instead of a region; `/v1/batch` is appended",
      ),
    ca: file
      .optional()
      .describe(
        "PEM file of the CA certificate; default: those of the system; certificates are always verified",
      ),
    compression: z
      .enum(["none", "gzip"])
      .default("none")
      .describe(
        "compression of request bodies; gzip sends a quarter of the bytes for about 2 µs of CPU time per message",
      ),
    linger: duration("0ms", "1m")
      .prefault("20ms")
      .describe("how long a message waits for others to fill its batch"),
    timeout: duration("100ms", "10m")
      .prefault("30s")
      .describe("timeout of a request, after which it is retried"),
  })
  .describe("destination of the messages");

const checkpoint = z
  .strictObject({
    interval: duration("10ms", "10m")
      .prefault("1s")
      .describe("longest time between two checkpoints of a task with uncommitted rows"),
    rows: whole(1, 1_000_000)
      .default(5_000)
      .describe(
        "uncommitted rows that start a checkpoint earlier; processing waits at twice as many",
      ),
    bytes: size("1KB", "1GB")
      .prefault("4MB")
      .describe(
        "uncommitted bytes that start a checkpoint earlier; processing waits at twice as many",
      ),
  })
  .prefault({})
  .describe("the durable step of a task: deliver, changelog, store, commit");

const limits = z
  .strictObject({
    queueRecords: whole(1, 1_000_000)
      .default(4_000)
      .describe("queued records at which the partition is paused"),
    queueBytes: size("1KB", "1GB")
      .prefault("8MB")
      .describe("queued bytes at which the partition is paused"),
    deliveryMessages: whole(1, 1_000_000)
      .default(5_000)
      .describe("undelivered messages at which processing waits"),
    deliveryBytes: size("1KB", "1GB")
      .prefault("4MB")
      .describe("undelivered bytes at which processing waits"),
  })
  .prefault({})
  .describe(
    "memory limits per task; all tasks of a process together use at most eight times as much",
  );

const deadLetters = z
  .strictObject({
    topic: z
      .string()
      .min(1)
      .optional()
      .describe("dead letter topic of `run`; default: `<name>.dead-letters`"),
    retention: duration("0ms", "36500d")
      .prefault("30d")
      .describe("retention of the dead letter topic when it is created"),
    file: z
      .string()
      .min(1)
      .optional()
      .describe(
        "dead-letter file of `replay`; default: `<state.directory>/<name>/replay/dead-letters.ndjson`",
      ),
    maxConsecutive: whole(1, 1_000_000_000)
      .default(1_000)
      .describe(
        "consecutive rejected records of a task, or messages of a delivery queue, that stop the pipeline",
      ),
    maxRatio: ratio
      .default(0.5)
      .describe(
        "share of the last `ratioWindow` records, or messages, of a process that stops the pipeline if they are rejected",
      ),
    ratioWindow: whole(10, 10_000_000)
      .default(10_000)
      .describe("number of records, and of messages, for `maxRatio`"),
  })
  .prefault({})
  .describe("queue of rejected records and messages");

const log = z
  .strictObject({
    level: z
      .enum(["debug", "info", "warn", "error"])
      .default("info")
      .describe("lowest level that is logged"),
    format: z
      .enum(["auto", "json", "pretty"])
      .default("auto")
      .describe("auto: pretty on a terminal, JSON lines elsewhere"),
  })
  .prefault({})
  .describe("log lines on stderr");

const status = z
  .union([
    z.literal("off").describe("no status port"),
    z.strictObject({
      host: z
        .string()
        .min(1)
        .default("127.0.0.1")
        .describe(
          "address to listen on; by default only this machine, because /status/messages shows user ids without authentication",
        ),
      port: whole(0, 65_535)
        .default(8686)
        .describe("port to listen on; 0: any free port, which the log names"),
    }),
  ])
  .prefault({})
  .describe(
    "status port of `run`, with the status page, health checks, metrics and JSON; or `off`",
  );

export const settingsSchema = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
        "use letters, digits, dots, dashes and underscores",
      )
      .describe("id of the pipeline: consumer group, state directory, part of every message id"),
    kafka: kafka.optional(),
    state,
    segment,
    checkpoint,
    limits,
    deadLetters,
    log,
    status,
    models: z.record(z.string().min(1), model).describe("sets of rows, by name"),
    syncs: z.record(z.string().min(1), sync).describe("models turned into Segment calls, by name"),
  })
  .describe("cdc-to-segment pipeline");

export type Settings = z.infer<typeof settingsSchema>;
