import { hash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runPipeline } from "../app.ts";
import { systemClock } from "../clock.ts";
import { readSettings } from "../config/read.ts";
import { fileControl } from "../control/file-control.ts";
import { asLine, LoggedDeadLetters } from "../deliver/dead-letters.ts";
import { keepFile } from "../kept-file.ts";
import { FileLog } from "../log/file-log.ts";
import { besideProgress, Progress } from "../progress.ts";
import { Plans } from "../task/plan.ts";
import { Counters } from "../telemetry/counters.ts";
import { createLogger } from "../telemetry/log.ts";
import { recordedInput } from "./recorded-input.ts";
import { requireOther } from "./require-other.ts";
import { segmentOf } from "./segment.ts";
import { stopSignal } from "./signals.ts";
import { replayHome, replayLetters, replayState } from "./state-folders.ts";
import { summary } from "./summary.ts";

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
