import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSettings } from "../../config/read.ts";
import { fileControl } from "../../coordination/file-control.ts";
import { recordName } from "../../data/record.ts";
import {
  asLine,
  type DeadLetter,
  type DeadLetters,
  JournaledDeadLetters,
} from "../../dlq/dead-letters.ts";
import { FileJournal } from "../../journal/file-journal.ts";
import { systemClock } from "../../lib/clock.ts";
import { messageWithDetails } from "../../lib/errors.ts";
import { createLogger } from "../../lib/logger.ts";
import { Counters } from "../../metrics/counters.ts";
import { runPipeline } from "../../pipeline.ts";
import { Topology } from "../../topology/topology.ts";
import { requireOther } from "../paths.ts";
import { PrintQueue } from "../print-queue.ts";
import { endWithReader, stopSignal } from "../process.ts";
import { recordedInput } from "../recorded-input.ts";
import { summary } from "../summary.ts";

/** Dead letters in the summary. */
const MAX_SHOWN = 10;

/** The same pipeline with temporary state: prints every message as one JSON line and sends nothing. */
export async function preview(
  config: string,
  input: string,
  deadLetterFile: string | undefined,
): Promise<void> {
  const settings = readSettings(config);
  const topology = new Topology(settings);
  const counters = new Counters();
  const stop = stopSignal();
  const logger = createLogger("warn", settings.log.format);
  if (deadLetterFile !== undefined) requireOther(deadLetterFile, input);
  const directory = mkdtempSync(join(tmpdir(), "cdc-to-segment-preview-"));
  const file = deadLetterFile === undefined ? null : new FileJournal(deadLetterFile);
  const shown: DeadLetter[] = [];
  const deadLetters: DeadLetters = {
    append: async (deadLetters) => {
      shown.push(...deadLetters.slice(0, MAX_SHOWN - shown.length));
      if (file)
        await new JournaledDeadLetters(file, asLine, systemClock, logger).append(deadLetters);
    },
  };
  const queue = new PrintQueue();
  const source = recordedInput(input, { settings, topology, counters, deadLetters });
  endWithReader(() => rmSync(directory, { recursive: true, force: true }));
  try {
    await runPipeline(
      {
        settings,
        topology,
        directory,
        runtime: { clock: systemClock, counters, logger },
        ports: {
          source,
          destination: { queue: () => queue },
          deadLetters,
          controlFor: () => fileControl(directory),
        },
        observer: { listen: (listener) => queue.printing(listener) },
      },
      stop,
    );
  } finally {
    await queue.flush();
    await file?.close();
    rmSync(directory, { recursive: true, force: true });
    process.stderr.write(summary(counters));
    for (const { record, error } of shown) {
      process.stderr.write(
        `  dead letter ${recordName(record)}: ${error.code}: ${messageWithDetails(error)}\n`,
      );
    }
  }
  if (stop.aborted) {
    process.stderr.write("stopped before the end of the input\n");
    process.exitCode = 1;
  }
}
