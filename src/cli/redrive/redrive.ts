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
import { fromFile, fromTopic } from "./dead-letter-input.ts";
import { DeadLetterSource } from "./dead-letter-source.ts";
import { DryStore } from "./dry-run-store.ts";
import { RedriveProcessor, type Remark } from "./redrive-processor.ts";

export type RedriveArguments = {
  /** A dead-letter file; the pipeline's dead-letter topic where it is empty. */
  readonly input: string;
  /** Sends messages too whose row has moved on. */
  readonly outdated: boolean;
  /** Prints what would be sent; nothing is sent, stored or remembered. */
  readonly dryRun: boolean;
};

/** Sends dead letters through again, by the state of the service that set them aside, which has to be stopped. */
export async function redrive(config: string, args: RedriveArguments): Promise<void> {
  const { input, outdated, dryRun } = args;
  const settings = readSettings(config);
  const topology = new Topology(settings);
  const counters = new Counters();
  const stop = stopSignal();
  const { level, format } = settings.log;
  const logger = besideProgress(createLogger("warn", format));
  const other = (name: string, text: string) => {
    counters.add("not_redriven");
    say(`not redriven ${name}: ${text}`);
  };
  const from =
    input === ""
      ? await fromTopic(settings, logger, (name) => other(name, "it is no dead letter of ours"))
      : await fromFile(settings, logger, input);
  const destination = segmentOf(settings.segment);
  const queue = new PrintQueue();
  if (dryRun) endWithReader();
  // What rewrites itself must not stand between the messages.
  const terminal = dryRun && process.stdout.isTTY ? { write: () => {} } : process.stderr;
  const progressOptions = { clock: systemClock, logger: createLogger(level, format), terminal };
  const progress = new Progress("redrive", from.step, progressOptions);
  progress.start();
  const seen: DeadLetters = { append: async (deadLetters) => deadLetters.forEach(again) };
  const source = new DeadLetterSource({
    deadLetters: from.deadLetters,
    reads: (topic) => topology.get(topic) !== undefined,
    onOther: ({ record }) => other(recordName(record), "no model reads its topic"),
  });
  try {
    await runPipeline(
      {
        settings,
        topology,
        directory: from.directory,
        runtime: { clock: systemClock, counters, logger },
        ports: {
          source,
          destination: dryRun ? { queue: () => queue } : destination,
          deadLetters: dryRun ? seen : reported(from.failedAgain),
          controlFor: () => (dryRun ? { ...from.control, send: async () => {} } : from.control),
          // A dry run uses the state on this disk: it does not own the changelog and restores nothing.
          changelog: dryRun ? null : from.changelog,
          openStore: async (directory, memory_bytes) => {
            const store = await RocksDbStore.open(directory, memory_bytes);
            return dryRun ? new DryStore(store) : store;
          },
        },
        overrides: {
          requireState: true,
          createProcessor: (of) => new RedriveProcessor(of, { outdated, remark }),
        },
        observer: { listen: (listener) => queue.printing(listener) },
      },
      stop,
    );
    await queue.flush();
    if (!dryRun && !stop.aborted) await from.done();
  } finally {
    progress.end();
    destination.close();
    await from.close();
    process.stderr.write(summary(counters));
  }
  if (stop.aborted) {
    process.stderr.write("stopped before the end; the next redrive begins where this one began\n");
    process.exitCode = 1;
  }
}

const remark: Remark = ({ record, error }, kind, text) => {
  const what = kind === "outdated" ? "outdated" : "not redriven";
  say(`${what} ${recordName(record)} ${error.code}: ${text}`);
};

function again({ record, error }: DeadLetter): void {
  say(`dead letter again ${recordName(record)} ${error.code}: ${error.message}`);
}

function say(text: string): void {
  clearLine();
  process.stderr.write(`${text}\n`);
}

/** The same, and each is told once it is durable. */
function reported(deadLetters: DeadLetters): DeadLetters {
  return {
    append: async (batch, stop) => {
      await deadLetters.append(batch, stop);
      batch.forEach(again);
    },
  };
}
