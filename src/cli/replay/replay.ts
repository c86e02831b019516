import { hash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readSettings } from "../../config/read.ts";
import { fileControl } from "../../coordination/file-control.ts";
import { asLine, LoggedDeadLetters } from "../../dlq/dead-letters.ts";
import { FileLog } from "../../journal/file-journal.ts";
import { systemClock } from "../../lib/clock.ts";
import { keepFile } from "../../lib/files.ts";
import { createLogger } from "../../lib/logger.ts";
import { besideProgress, Progress } from "../../lib/progress.ts";
import { Counters } from "../../metrics/counters.ts";
import { runPipeline } from "../../pipeline.ts";
import { Plans } from "../../topology/topology.ts";
import { replayHome, replayLetters, replayState, requireOther } from "../paths.ts";
import { stopSignal } from "../process.ts";
import { recordedInput } from "../recorded-input.ts";
import { segmentOf } from "../segment.ts";
import { summary } from "../summary.ts";

/** The whole pipeline from a recorded file instead of Kafka, with a state of its own. */
export async function replay(config: string, input: string): Promise<void> {
  const settings = readSettings(config);
  const plans = new Plans(settings);
  const counters = new Counters();
  const stop = stopSignal();
  const { level, format } = settings.log;
  const told = createLogger(level, format);
  const logger = besideProgress(createLogger(level === "info" ? "warn" : level, format));
  const folder = replayHome(settings);
  const letterFile = replayLetters(settings);
  requireOther(letterFile, input);
  const letters = new FileLog(letterFile);
  const deadLetters = new LoggedDeadLetters(letters, asLine, systemClock, logger);
  const destination = segmentOf(settings.segment);
  let read = { bytes: 0, total: null as number | null, lines: 0 };
  const source = recordedInput(
    input,
    { settings, plans, counters, deadLetters },
    {
      onReplayed: () => counters.add("replayed"),
      isSameInput: (firstLine) => rememberInput(folder, firstLine),
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
  const progress = new Progress("replay", step, { clock: systemClock, logger: told });
  try {
    await runPipeline(
      {
        settings,
        plans,
        source,
        destination,
        deadLetters,
        controlFor: () => fileControl(replayState(settings)),
        folder: replayState(settings),
        clock: systemClock,
        counters,
        logger,
      },
      stop,
    );
  } finally {
    progress.end();
    destination.close();
    await letters.close();
    process.stderr.write(summary(counters));
  }
  if (counters.get("replayed") > 0) {
    process.stderr.write(
      `an earlier replay of this input had processed the records below its position (its state: ${folder})\n`,
    );
  }
  if (stop.aborted) {
    process.stderr.write("stopped before the end; start it again to go on where it stopped\n");
    process.exitCode = 1;
  }
}

/** Whether the input is the one that this state was last used with, told by its first line; it is from now on. */
function rememberInput(folder: string, firstLine: Buffer): boolean {
  const file = join(folder, "input");
  const identity = hash("sha256", firstLine, "base64url");
  const known = existsSync(file) ? readFileSync(file, "utf8") : null;
  keepFile(file, identity);
  return known === null || known === identity;
}
