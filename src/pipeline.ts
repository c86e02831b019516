import type { Settings } from "./config/settings.ts";
import type { Control } from "./coordination/control.ts";
import { registryOf } from "./decode/format/schema-registry.ts";
import { DeliveryQueue } from "./deliver/delivery-queue.ts";
import type { Destination } from "./deliver/destination.ts";
import type { OutgoingMessage, OutgoingQueue } from "./deliver/outgoing.ts";
import { RateLimiter } from "./deliver/rate-limiter.ts";
import type { DeadLetter, DeadLetters } from "./dlq/dead-letters.ts";
import { FailureRatio } from "./dlq/failure-ratio.ts";
import { CdcError, messageOf } from "./lib/errors.ts";
import type { Logger } from "./lib/logger.ts";
import type { Source, SourceListener } from "./source/source.ts";
import type { Changelog } from "./state/changelog.ts";
import { KnownTopicsFile } from "./state/known-topics.ts";
import { RocksDbStore } from "./state/rocksdb-store.ts";
import type { Store } from "./state/store.ts";
import type { Telemetry } from "./status/telemetry.ts";
import type { Runtime } from "./task/task-context.ts";
import { TaskManager } from "./task/task-manager.ts";
import type { SharedPorts, TaskOverrides } from "./task/task-opener.ts";
import type { Topology } from "./topology/topology.ts";

export type PipelineOptions = {
  readonly settings: Settings;
  readonly topology: Topology;
  /** Parent directory of the tasks' stores. */
  readonly directory: string;
  readonly runtime: Runtime;
  readonly ports: PipelinePorts;
  readonly overrides?: TaskOverrides;
  readonly observer?: PipelineObserver;
};

/** Everything outside the process that a pipeline uses. */
export type PipelinePorts = {
  readonly source: Source;
  /** Segment, or a queue that replaces the delivery queues. */
  readonly destination: Destination | { readonly queue: () => OutgoingQueue };
  readonly deadLetters: DeadLetters;
  readonly controlFor: (onFailure: (error: unknown) => void) => Control;
  /** Absent if the state is only on this machine's disk. */
  readonly changelog?: Changelog | null;
  /** RocksDB by default. */
  readonly openStore?: (directory: string, memory_bytes: number) => Promise<Store>;
};

export type PipelineObserver = {
  readonly telemetry?: Telemetry;
  /** Receives messages when they enter a delivery queue. */
  readonly onMessages?: (messages: readonly OutgoingMessage[]) => void;
  /** Wraps the source's listener, for example to learn when a window of records is processed. */
  readonly listen?: (listener: SourceListener) => SourceListener;
};

/** Time to deliver and store what is in flight. Kubernetes kills a process after 30 s. */
const STOP_DEADLINE_MS = 20_000;

/**
 * Runs a pipeline until its source ends, `stop` is aborted, or an error stops it.
 * @throws the error that stopped it
 */
export async function runPipeline(options: PipelineOptions, stop: AbortSignal): Promise<void> {
  const { ports, runtime, observer = {} } = options;
  const { telemetry } = observer;
  const over = Promise.withResolvers<void>();
  // Requests that are retried forever (registry, dead letter topic) end with the pipeline.
  const ending = new AbortController();
  const failures: unknown[] = [];
  const fail = (error: unknown) => {
    // Interrupted waits reject while the pipeline ends; only a CdcError is a failure then.
    if (ending.signal.aborted && !(error instanceof CdcError)) {
      return runtime.logger.warn(
        { reason: messageOf(error) },
        "shutdown interrupted a request; undelivered messages will be resent after restart",
      );
    }
    failures.push(error);
    telemetry?.failed(error);
    over.reject(error);
  };
  const rateLimiter = new RateLimiter(runtime.clock);
  const control = ports.controlFor(fail);
  const manager = new TaskManager(
    {
      ...options,
      knownTopics: new KnownTopicsFile(options.directory),
      ports: sharedPorts(options, { control, rateLimiter, ending: ending.signal }),
    },
    { failed: fail, ended: over.resolve },
  );
  telemetry?.watch({ rateLimiter, tasks: manager });
  const ended = () => {
    telemetry?.stopping();
    over.resolve();
  };
  stop.addEventListener("abort", ended, { once: true });
  // The signal may have been aborted while the topics were opened: its event does not come again.
  if (stop.aborted) ended();
  try {
    // Start can last as long as the brokers are away; a stop does not wait for it.
    if (!stop.aborted)
      await Promise.race([ports.source.start(observer.listen?.(manager) ?? manager), over.promise]);
    await over.promise;
  } finally {
    stop.removeEventListener("abort", ended);
    ending.abort();
    // The source stops after the tasks: their last checkpoints commit the group offset.
    await manager.stop(STOP_DEADLINE_MS);
    await ports.source.stop();
    await control.close();
    await ports.changelog?.close();
  }
  if (failures.length > 0) throw failures[0];
}

function sharedPorts(
  { settings, runtime, ports, observer = {} }: PipelineOptions,
  {
    control,
    rateLimiter,
    ending,
  }: { control: Control; rateLimiter: RateLimiter; ending: AbortSignal },
): SharedPorts {
  const { clock, logger } = runtime;
  const { destination } = ports;
  const rejections = FailureRatio.of(settings.deadLetters);
  const deadLetters: DeadLetters = {
    append: async (rejected) => {
      await ports.deadLetters.append(rejected, ending);
      observer.telemetry?.recordDeadLetter(rejected);
      logDeadLetters(rejected, logger);
    },
  };
  return {
    source: ports.source,
    openStore: ports.openStore ?? RocksDbStore.open,
    createQueue: (limits, onFailure) =>
      "queue" in destination
        ? destination.queue()
        : new DeliveryQueue({
            ...{ destination, rateLimiter, deadLetters, rejections, runtime, onFailure },
            limits: {
              ...limits,
              linger_ms: settings.segment.linger,
              maxConsecutive: settings.deadLetters.maxConsecutive,
            },
            observers: [
              { pushed: observer.onMessages },
              ...(observer.telemetry ? [observer.telemetry] : []),
            ],
          }),
    deadLetters,
    control,
    changelog: ports.changelog ?? null,
    registry: registryOf(settings.kafka?.schemaRegistry, { clock, logger, stop: ending }),
  };
}

/** One line per code and sync, with the first record. Reasons may quote row values and are not logged. */
function logDeadLetters(deadLetters: readonly DeadLetter[], logger: Logger): void {
  const groups = Map.groupBy(deadLetters, ({ error, by }) => `${error.code} ${by}`);
  for (const group of groups.values()) {
    const [{ record, error, by }] = group as [DeadLetter, ...DeadLetter[]];
    const { topic, partition, offset } = record;
    const fields = { topic, partition, offset, by, code: error.code, count: group.length };
    logger.warn(fields, "record sent to dead letter queue");
  }
}
