import { readSettings } from "../../config/read.ts";
import type { Settings } from "../../config/settings.ts";
import { asRecord, JournaledDeadLetters } from "../../dlq/dead-letters.ts";
import { KafkaSource } from "../../kafka/kafka-source.ts";
import { systemClock } from "../../lib/clock.ts";
import { CdcError, messageOf } from "../../lib/errors.ts";
import { createLogger, type Logger } from "../../lib/logger.ts";
import { besideProgress } from "../../lib/progress.ts";
import { Counters } from "../../metrics/counters.ts";
import { runPipeline } from "../../pipeline.ts";
import { localState } from "../../state/local-state.ts";
import { Telemetry } from "../../status/telemetry.ts";
import { Topology } from "../../topology/topology.ts";
import { InternalTopics } from "../internal-topics.ts";
import { kafkaAccess } from "../kafka-access.ts";
import { serviceState } from "../paths.ts";
import { exitCodeOf, stopSignal } from "../process.ts";
import { segmentOf } from "../segment.ts";
import { openStatus } from "../status-port.ts";
import { summary } from "../summary.ts";
import { library } from "../version.ts";

/**
 * The service: Kafka in, Segment out, until SIGTERM or SIGINT.
 * After the settings are read, an error is logged and not thrown.
 * @param rebuild whether a partition with lost state or records is rebuilt from its topic
 */
export async function run(config: string, rebuild: boolean): Promise<void> {
  const read = readSettings(config);
  const settings = rebuild
    ? { ...read, state: { ...read.state, onDataLoss: "rebuild" as const } }
    : read;
  const { level, format } = settings.log;
  const logger = besideProgress(createLogger(level, format));
  try {
    await serve(settings, logger);
  } catch (error) {
    const fields = error instanceof CdcError ? { code: error.code } : { stack: stackOf(error) };
    logger.error(fields, messageOf(error));
    process.exitCode = exitCodeOf(error);
  }
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}

async function serve(settings: Settings, logger: Logger): Promise<void> {
  const { name } = settings;
  const access = kafkaAccess(settings, "run");
  const { connection, groupId, sessionTimeout_ms, stallTimeout_ms } = access;
  const topology = new Topology(settings);
  const counters = new Counters();
  const directory = serviceState(settings);
  const source = new KafkaSource({
    kafka: connection,
    groupId,
    topics: topology.topics,
    sessionTimeout_ms,
    stallTimeout_ms,
    localStates: () => localState(directory),
    log: logger,
  });
  const telemetry = new Telemetry({
    ...{ pipeline: name, version: library.version, counters, source },
  });
  const stop = stopSignal();
  const status = await openStatus(settings, telemetry, logger);
  const topics = new InternalTopics(settings, access, logger);
  const deadLetters = await topics.deadLetters();
  const controlFor = await topics.control();
  const destination = segmentOf(settings.segment);
  logger.info(
    { pipeline: name, version: library.version, topics: topology.topics.map(String) },
    "started",
  );
  try {
    await runPipeline(
      {
        settings,
        topology,
        directory,
        runtime: { clock: systemClock, counters, logger },
        ports: {
          source,
          destination,
          controlFor,
          changelog: topics.changelog(),
          deadLetters: new JournaledDeadLetters(deadLetters, asRecord, systemClock, logger),
        },
        observer: { telemetry },
      },
      stop,
    );
  } finally {
    await status?.close();
    destination.close();
    await deadLetters.close();
    logger.info(
      {
        summary: summary(counters)
          .trim()
          .split("\n")
          .map((line) => line.trim()),
      },
      "stopped",
    );
  }
}
