import { z } from "zod";
import { kafka } from "./kafka-settings.ts";
import { model } from "./model-settings.ts";
import {
  address,
  choice,
  duration,
  file,
  flag,
  ratio,
  size,
  text,
  whole,
} from "./setting-kinds.ts";
import { sync } from "./sync-settings.ts";

/**
 * Every setting, declared once: its meaning, its default, its bounds and its unit. The type, the validation, the JSON
 * Schema, the reference and the error messages all come from here.
 */

const state = z
  .strictObject({
    directory: text("a path")
      .default("./state")
      .describe("Directory of the RocksDB stores. Each pipeline has a subdirectory."),
    deleteRetention: duration("0ms", "36500d")
      .prefault("7d")
      .describe(
        "How long the delete marker of a removed row is kept. Until then, late records from before the removal are recognised as stale.",
      ),
    onDataLoss: choice("stop", "continue", "rebuild")
      .default("stop")
      .describe(
        "What a task does if records were deleted before it processed them, or if its state is lost: stop and name what is lost, continue with the rest, or rebuild its state from the topic (like `run --rebuild`).",
      ),
    memory: size("1MB", "1TB")
      .prefault("96MB")
      .describe(
        "Memory for RocksDB's write buffers and caches in one process, divided among its partitions.",
      ),
    changelog: flag
      .default(true)
      .describe(
        "Whether `run` also writes its state to compacted changelog topics, from which another machine restores it. Otherwise the state exists only on the local disk.",
      ),
  })
  .prefault({})
  .describe("Local state.");

const segment = z
  .strictObject({
    writeKey: z
      .string({ error: "write the source's write key" })
      .regex(
        /^[!-~]+$/,
        "write the key alone: it is empty, or has a space, a line end or a character beyond ASCII",
      )
      .describe("Write key of the source. It is never printed or logged."),
    region: choice("us", "eu").default("us").describe("Region of the workspace."),
    url: address
      .optional()
      .describe(
        "Base URL of any Segment-compatible endpoint, instead of a region. `/v1/batch` is added to it.",
      ),
    ca: file
      .optional()
      .describe(
        "CA certificate of the endpoint. Default: the system's. Certificates are always verified.",
      ),
    compression: choice("none", "gzip")
      .default("none")
      .describe(
        "Compression of request bodies. `gzip` sends a quarter of the bytes and costs about 2 µs of processor time per message.",
      ),
    linger: duration("0ms", "1m")
      .prefault("20ms")
      .describe("How long a message may wait for others to join its batch."),
    timeout: duration("100ms", "10m")
      .prefault("30s")
      .describe(
        "How long a request may take. A request that takes longer is sent again, without end.",
      ),
  })
  .describe("Destination of the messages.");

const checkpoint = z
  .strictObject({
    interval: duration("10ms", "10m")
      .prefault("1s")
      .describe("Longest time between two checkpoints of a task that has pending writes."),
    rows: whole(1, 1_000_000)
      .default(5_000)
      .describe("Pending rows that start a checkpoint early. Twice as many pause the task."),
    bytes: size("1KB", "1GB")
      .prefault("4MB")
      .describe("Pending bytes that start a checkpoint early. Twice as many pause the task."),
  })
  .prefault({})
  .describe("Checkpoints: deliver, changelog, store, commit.");

const limits = z
  .strictObject({
    queueRecords: whole(1, 1_000_000)
      .default(4_000)
      .describe("Records in the queue of a task before its partition is paused."),
    queueBytes: size("1KB", "1GB")
      .prefault("8MB")
      .describe("Bytes in the queue of a task before its partition is paused."),
    deliveryMessages: whole(1, 1_000_000)
      .default(5_000)
      .describe("Undelivered messages of a task before it stops processing."),
    deliveryBytes: size("1KB", "1GB")
      .prefault("4MB")
      .describe("Undelivered bytes of a task before it stops processing."),
  })
  .prefault({})
  .describe(
    "Memory limits of each task. The tasks of a process together use at most eight times as much.",
  );

const deadLetters = z
  .strictObject({
    topic: text()
      .optional()
      .describe("Topic of the DLQ under `run`. Default: `<name>.dead-letters`."),
    retention: duration("0ms", "36500d")
      .prefault("30d")
      .describe("Retention of that topic if the pipeline creates it."),
    file: text("a path")
      .optional()
      .describe(
        "File of the DLQ under `replay`. Default: `<state.directory>/<name>/replay/dead-letters.ndjson`.",
      ),
    maxConsecutive: whole(1, 1_000_000_000)
      .default(1_000)
      .describe(
        "Consecutive records of a task, or messages of its delivery queue, that may all be rejected before the pipeline stops.",
      ),
    maxRatio: ratio
      .default(0.5)
      .describe(
        "Part of the last `ratioWindow` records of a process, or of its messages, that may be rejected before the pipeline stops.",
      ),
    ratioWindow: whole(10, 10_000_000)
      .default(10_000)
      .describe("Number of records, and of messages, to which `maxRatio` applies."),
  })
  .prefault({})
  .describe("Dead letter queue: records and messages that were rejected, with the reason.");

const log = z
  .strictObject({
    level: choice("debug", "info", "warn", "error")
      .default("info")
      .describe("Lowest level that is logged."),
    format: choice("auto", "json", "pretty")
      .default("auto")
      .describe("`auto`: pretty on a terminal, otherwise JSON lines."),
  })
  .prefault({})
  .describe("Log lines, on stderr.");

const status = z
  .union(
    [
      z.literal("off").describe("No status port."),
      z.strictObject({
        host: text("an address to listen on")
          .default("127.0.0.1")
          .describe(
            "Address to listen on. The default accepts only connections from this machine: the page shows user ids and needs no password.",
          ),
        port: whole(0, 65_535)
          .default(8686)
          .describe("Port to listen on. 0: any free port, which the log names."),
      }),
    ],
    { error: "write off, or {host: address, port: number}" },
  )
  .prefault({})
  .describe(
    "Port of the status page, `/metrics`, `/live`, `/ready` and `/status` under `run`, or `off`.",
  );

export const settingsSchema = z
  .strictObject({
    name: z
      .string({ error: "write a name" })
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
        "use at most 100 characters: A-Z, a-z, 0-9, dots, dashes and underscores",
      )
      .describe(
        "Id of the pipeline: the consumer group, the state directory, and part of every message id.",
      ),
    kafka: kafka.optional(),
    segment,
    models: z.record(z.string().min(1), model).describe("Sets of rows, by name."),
    syncs: z.record(z.string().min(1), sync).describe("Models turned into Segment calls, by name."),
    state,
    checkpoint,
    limits,
    deadLetters,
    log,
    status,
  })
  .describe("Pipeline of cdc-to-segment.");

export type Settings = z.infer<typeof settingsSchema>;
