import type { Settings } from "./config/settings.ts";
import type { Control } from "./coordination/control.ts";
import { registryOf } from "./decode/format/schema-registry.ts";
import { DeliveryQueue } from "./deliver/delivery-queue.ts";
import type { Destination } from "./deliver/destination.ts";
import type { OutgoingMessage, OutgoingQueue } from "./deliver/outgoing.ts";
import { RateLimiter } from "./deliver/rate-limiter.ts";
import type { DeadLetter, DeadLetters } from "./dlq/dead-letters.ts";
import { FailureRatio } from "./dlq/failure-ratio.ts";
import type { Clock } from "./lib/clock.ts";
import { CdcError, messageOf } from "./lib/errors.ts";
import type { Logger } from "./lib/logger.ts";
import type { Counters } from "./metrics/counters.ts";
import type { Source, SourceListener } from "./source/source.ts";
import type { Changelog } from "./state/changelog.ts";
import { KnownTopicsFile } from "./state/known-topics.ts";
import { RocksDbStore } from "./state/rocksdb-store.ts";
import type { Store } from "./state/store.ts";
import type { Telemetry } from "./status/telemetry.ts";
import type { RecordProcessor, RecordProcessorOptions } from "./task/record-processor.ts";
import { TaskManager } from "./task/task-manager.ts";
import type { Topology } from "./topology/topology.ts";

export type PipelineParts = {
  readonly settings: Settings;
  readonly topology: Topology;
  readonly source: Source;
  /** Where messages go, or what stands for the lanes. */
  readonly destination: Destination | { readonly queue: () => OutgoingQueue };
  readonly deadLetters: DeadLetters;
  /** How the tasks of the pipeline tell each other what concerns several partitions. */
  readonly controlFor: (onFailure: (error: unknown) => void) => Control;
  /** Where the state goes besides this machine's disk; `null` where nowhere. */
  readonly changelog?: Changelog | null;
  /** Folder of this pipeline's stores. */
  readonly directory: string;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
  /** Looks on; nobody does under a command that ends by itself. */
  readonly telemetry?: Telemetry;
  /** RocksDB unless told otherwise. */
  readonly openStore?: (directory: string, memory_bytes: number) => Promise<Store>;
  /** What processes the records of a task, where they do not come in their order. */
  readonly processorFor?: (options: RecordProcessorOptions) => RecordProcessor;
  /** A partition that has no state is refused, rather than begun. */
  readonly requireState?: boolean;
  /** Sees every message as it is handed to its lane. */
  readonly onMessages?: (messages: readonly OutgoingMessage[]) => void;
  /** Sees the source's calls first; for what needs to know when a window of records is done. */
  readonly listen?: (listener: SourceListener) => SourceListener;
};

/** Time for a clean end: what is in flight is delivered and made durable. Kubernetes gives 30 s before it kills. */
const STOP_DEADLINE_MS = 20_000;

/**
 * Runs a pipeline until its source ends, `stop` is aborted, or it cannot go on.
 * @throws the error that stopped it
 */
export async function runPipeline(parts: PipelineParts, stop: AbortSignal): Promise<void> {
  const { settings, source, clock, logger, telemetry } = parts;
  const over = Promise.withResolvers<void>();
  // What waits for ever (a registry, a dead-letter topic) waits no longer once the pipeline ends, for whatever reason.
  const ending = new AbortController();
  const failures: unknown[] = [];
  const rateLimiter = new RateLimiter(clock);
  const rejections = FailureRatio.of(settings.deadLetters);
  const deadLetters: DeadLetters = {
    append: async (deadLetters) => {
      await parts.deadLetters.append(deadLetters, ending.signal);
      telemetry?.recordDeadLetter(deadLetters);
      logDeadLetters(deadLetters, logger);
    },
  };
  const fail = (error: unknown) => {
    // While it ends, what was waiting gives up: that is no failure of its own. A known one still is.
    if (ending.signal.aborted && !(error instanceof CdcError)) {
      return logger.warn({ reason: messageOf(error) }, "left for the next start");
    }
    failures.push(error);
    telemetry?.failed(error);
    over.reject(error);
  };
  const control = parts.controlFor(fail);
  const manager = new TaskManager({
    ...parts,
    deadLetters,
    control,
    changelog: parts.changelog ?? null,
    registry: registryOf(settings.kafka?.schemaRegistry, { clock, logger, stop: ending.signal }),
    knownTopics: new KnownTopicsFile(parts.directory),
    openStore: parts.openStore ?? RocksDbStore.open,
    createQueue: (limits, onFailure) =>
      "queue" in parts.destination
        ? parts.destination.queue()
        : new DeliveryQueue({
            destination: parts.destination,
            rateLimiter,
            deadLetters,
            clock,
            counters: parts.counters,
            logger,
            linger_ms: settings.segment.linger_ms,
            ...limits,
            maxConsecutive: settings.deadLetters.stopAfterInARow,
            rejections,
            onPush: parts.onMessages,
            watcher: telemetry,
            onFailure,
          }),
    onFailure: fail,
    onEnd: over.resolve,
  });
  telemetry?.watch({ rateLimiter, tasks: manager });
  const ended = () => {
    telemetry?.stopping();
    over.resolve();
  };
  stop.addEventListener("abort", ended, { once: true });
  // It may have come while the topics of dead letters and control were opened: nobody tells of it again.
  if (stop.aborted) ended();
  try {
    // Start may take as long as the brokers are away; a stop does not wait for it.
    if (!stop.aborted)
      await Promise.race([source.start(parts.listen?.(manager) ?? manager), over.promise]);
    await over.promise;
  } finally {
    stop.removeEventListener("abort", ended);
    ending.abort();
    // The source goes last: the group offset is committed by the last checkpoints.
    await manager.stop(STOP_DEADLINE_MS);
    await source.stop();
    await control.close();
    await parts.changelog?.close();
  }
  if (failures.length > 0) throw failures[0];
}

/** A line for each reason, with the first of its letters; not with its words, which may quote the row. */
function logDeadLetters(deadLetters: readonly DeadLetter[], logger: Logger): void {
  const groups = Map.groupBy(deadLetters, ({ error, by }) => `${error.code} ${by}`);
  for (const group of groups.values()) {
    const [{ record, error, by }] = group as [DeadLetter, ...DeadLetter[]];
    const { topic, partition, offset } = record;
    const fields = { topic, partition, offset, by, code: error.code, count: group.length };
    logger.warn(fields, "set aside as a dead letter");
  }
}
