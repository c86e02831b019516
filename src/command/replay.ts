import { hash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runPipeline } from "../app.ts";
import { systemClock } from "../clock.ts";
import { readSettings } from "../config/read.ts";
import { fileControl } from "../control/file-control.ts";
import { asLine, LoggedDeadLetters } from "../deliver/dead-letters.ts";
import { makeFolder } from "../folder.ts";
import { FileLog } from "../log/file-log.ts";
import { Plans } from "../task/plan.ts";
import { Counters } from "../telemetry/counters.ts";
import { createLogger } from "../telemetry/log.ts";
import { Progress } from "../telemetry/progress.ts";
import { recordedInput } from "./recorded-input.ts";
import { requireOther } from "./require-other.ts";
import { segmentOf } from "./segment.ts";
import { stopSignal } from "./signals.ts";
import { summary } from "./summary.ts";

/** The whole pipeline from a recorded file instead of Kafka, with a state of its own. */
export async function replay(config: string, input: string): Promise<void> {
  const settings = readSettings(config);
  const plans = new Plans(settings);
  const counters = new Counters();
  const stop = stopSignal();
  const logger = createLogger(
    settings.log.level === "info" ? "warn" : settings.log.level,
    settings.log.format,
  );
  const folder = join(settings.state.directory, settings.name, "replay");
  const letterFile = settings.deadLetters.file ?? join(folder, "dead-letters.ndjson");
  requireOther(letterFile, input);
  const letters = new FileLog(letterFile);
  const deadLetters = new LoggedDeadLetters(letters, asLine, systemClock, logger);
  const destination = segmentOf(settings.segment);
  const progress = new Progress("replay");
  const started = Date.now();
  const source = recordedInput(
    input,
    { settings, plans, counters, deadLetters },
    {
      onReplayed: () => counters.add("replayed"),
      isSameInput: (firstLine) => rememberInput(folder, firstLine),
      onProgress: ({ bytes, total, lines }) => {
        const rate = Math.round((lines / Math.max(Date.now() - started, 1)) * 1000);
        const detail = `${lines} lines, ${rate}/s, ${counters.get("messages_delivered")} messages delivered`;
        progress.show({ done: bytes, total, detail });
      },
    },
  );
  try {
    await runPipeline(
      {
        settings,
        plans,
        source,
        destination,
        deadLetters,
        controlFor: () => fileControl(join(folder, "tasks")),
        folder: join(folder, "tasks"),
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
  makeFolder(folder);
  writeFileSync(file, identity);
  return known === null || known === identity;
}
