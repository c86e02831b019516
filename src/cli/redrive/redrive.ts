import { readSettings } from "../../config/read.ts";
import { recordName } from "../../data/record.ts";
import type { DeadLetter, DeadLetters } from "../../dlq/dead-letters.ts";
import { systemClock } from "../../lib/clock.ts";
import { createLogger } from "../../lib/logger.ts";
import { besideProgress, clearLine, Progress } from "../../lib/progress.ts";
import { Counters } from "../../metrics/counters.ts";
import { runPipeline } from "../../pipeline.ts";
import { RocksDbStore } from "../../state/rocksdb-store.ts";
import { Topology } from "../../topology/topology.ts";
import { PrintQueue } from "../print-queue.ts";
import { endWithReader, stopSignal } from "../process.ts";
import { segmentOf } from "../segment.ts";
import { summary } from "../summary.ts";
import { fileInput, topicInput } from "./dead-letter-input.ts";
import { DeadLetterSource } from "./dead-letter-source.ts";
import { DryRunStore } from "./dry-run-store.ts";
import { RedriveProcessor, type ReportSkipped } from "./redrive-processor.ts";

export type RedriveArguments = {
  /** A dead letter file; if empty, the dead letter topic. */
  readonly input: string;
  /** Also sends messages whose row has a newer state. */
  readonly outdated: boolean;
  /** Prints the messages; nothing is sent, stored or committed. */
  readonly dryRun: boolean;
};

/** Processes dead letters again with the state of the service, which has to be stopped. */
export async function redrive(config: string, args: RedriveArguments): Promise<void> {
  const { input, outdated, dryRun } = args;
  const settings = readSettings(config);
  const topology = new Topology(settings);
  const counters = new Counters();
  const stop = stopSignal();
  const { level, format } = settings.log;
  const logger = besideProgress(createLogger("warn", format));
  const reportForeign = (name: string, text: string) => {
    counters.add("not_redriven");
    writeLine(`not redriven ${name}: ${text}`);
  };
  const deadLetterInput =
    input === ""
      ? await topicInput(settings, logger, (name) => reportForeign(name, "it is not a dead letter"))
      : await fileInput(settings, logger, input);
  const destination = segmentOf(settings.segment);
  const queue = new PrintQueue();
  if (dryRun) endWithReader();
  // On a terminal, progress would be written between the messages.
  const terminal = dryRun && process.stdout.isTTY ? { write: () => {} } : process.stderr;
  const progressOptions = { clock: systemClock, logger: createLogger(level, format), terminal };
  const progress = new Progress("redrive", deadLetterInput.step, progressOptions);
  progress.start();
  const onlyReported: DeadLetters = { append: async (batch) => batch.forEach(reportFailure) };
  const source = new DeadLetterSource({
    deadLetters: deadLetterInput.deadLetters,
    reads: (topic) => topology.get(topic) !== undefined,
    onOther: ({ record }) => reportForeign(recordName(record), "no model reads its topic"),
  });
  try {
    await runPipeline(
      {
        settings,
        topology,
        directory: deadLetterInput.directory,
        runtime: { clock: systemClock, counters, logger },
        ports: {
          source,
          destination: dryRun ? { queue: () => queue } : destination,
          deadLetters: dryRun ? onlyReported : reporting(deadLetterInput.failedAgain),
          controlFor: () =>
            dryRun ? { ...deadLetterInput.control, send: async () => {} } : deadLetterInput.control,
          // A dry run uses the state on this disk: it does not own the changelog and restores nothing.
          changelog: dryRun ? null : deadLetterInput.changelog,
          openStore: async (directory, memory_bytes) => {
            const store = await RocksDbStore.open(directory, memory_bytes);
            return dryRun ? new DryRunStore(store) : store;
          },
        },
        overrides: {
          requireState: true,
          createProcessor: (of) => new RedriveProcessor(of, { outdated, report: reportSkipped }),
        },
        observer: { listen: (listener) => queue.printing(listener) },
      },
      stop,
    );
    await queue.flush();
    if (!dryRun && !stop.aborted) await deadLetterInput.commit();
  } finally {
    progress.end();
    destination.close();
    await deadLetterInput.close();
    process.stderr.write(summary(counters));
  }
  if (stop.aborted) {
    process.stderr.write(
      "stopped before the end; the next redrive starts where this one started\n",
    );
    process.exitCode = 1;
  }
}

const reportSkipped: ReportSkipped = ({ record, error }, kind, text) => {
  const what = kind === "outdated" ? "outdated" : "not redriven";
  writeLine(`${what} ${recordName(record)} ${error.code}: ${text}`);
};

function reportFailure({ record, error }: DeadLetter): void {
  writeLine(`dead letter again ${recordName(record)} ${error.code}: ${error.message}`);
}

function writeLine(text: string): void {
  clearLine();
  process.stderr.write(`${text}\n`);
}

/** Reports each dead letter when it is durable. */
function reporting(deadLetters: DeadLetters): DeadLetters {
  return {
    append: async (batch, stop) => {
      await deadLetters.append(batch, stop);
      batch.forEach(reportFailure);
    },
  };
}
