import { hash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readSettings } from "../../config/read.ts";
import { fileControl } from "../../coordination/file-control.ts";
import { asLine, JournaledDeadLetters } from "../../dlq/dead-letters.ts";
import { FileJournal } from "../../journal/file-journal.ts";
import { systemClock } from "../../lib/clock.ts";
import { writeFileAtomically } from "../../lib/files.ts";
import { createLogger } from "../../lib/logger.ts";
import { besideProgress, Progress } from "../../lib/progress.ts";
import { Counters } from "../../metrics/counters.ts";
import { runPipeline } from "../../pipeline.ts";
import { Topology } from "../../topology/topology.ts";
import { replayDeadLetters, replayHome, replayState, requireOther } from "../paths.ts";
import { stopSignal } from "../process.ts";
import { recordedInput } from "../recorded-input.ts";
import { segmentOf } from "../segment.ts";
import { summary } from "../summary.ts";

/** The same pipeline, from a recorded file instead of Kafka, with state of its own. */
export async function replay(config: string, input: string): Promise<void> {
  const settings = readSettings(config);
  const topology = new Topology(settings);
  const counters = new Counters();
  const stop = stopSignal();
  const { level, format } = settings.log;
  const progressLogger = createLogger(level, format);
  const logger = besideProgress(createLogger(level === "info" ? "warn" : level, format));
  const directory = replayHome(settings);
  const deadLetterFile = replayDeadLetters(settings);
  requireOther(deadLetterFile, input);
  const journal = new FileJournal(deadLetterFile);
  const deadLetters = new JournaledDeadLetters(journal, asLine, systemClock, logger);
  const destination = segmentOf(settings.segment);
  let read = { bytes: 0, total: null as number | null, lines: 0 };
  const source = recordedInput(
    input,
    { settings, topology, counters, deadLetters },
    {
      onReplayed: () => counters.add("duplicates"),
      isSameInput: (firstLine) => rememberInput(directory, firstLine),
      onProgress: (now) => {
        read = now;
      },
    },
  );
  const step = () => ({
    done: read.bytes,
    total: read.total,
    counts: { lines: read.lines, "messages delivered": counters.get("messages_delivered") },
  });
  const progress = new Progress("replay", step, { clock: systemClock, logger: progressLogger });
  progress.start();
  try {
    await runPipeline(
      {
        settings,
        topology,
        directory: replayState(settings),
        runtime: { clock: systemClock, counters, logger },
        ports: {
          source,
          destination,
          deadLetters,
          controlFor: () => fileControl(replayState(settings)),
        },
      },
      stop,
    );
  } finally {
    progress.end();
    destination.close();
    await journal.close();
    process.stderr.write(summary(counters));
  }
  if (counters.get("duplicates") > 0) {
    process.stderr.write(
      `records below the stored offsets were processed by an earlier replay of this input (state: ${directory})\n`,
    );
  }
  if (stop.aborted) {
    process.stderr.write(
      "stopped before the end; the next replay of this input continues where this one stopped\n",
    );
    process.exitCode = 1;
  }
}

/** Whether the input is that of the last replay with this state, by its first line. Stores it for the next replay. */
function rememberInput(directory: string, firstLine: Buffer): boolean {
  const file = join(directory, "input");
  const identity = hash("sha256", firstLine, "base64url");
  const known = existsSync(file) ? readFileSync(file, "utf8") : null;
  writeFileAtomically(file, identity);
  return known === null || known === identity;
}
