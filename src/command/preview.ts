import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runPipeline } from "../app.ts";
import { systemClock } from "../clock.ts";
import { readSettings } from "../config/read.ts";
import { fileControl } from "../control/file-control.ts";
import {
  asLine,
  type DeadLetter,
  type DeadLetters,
  LoggedDeadLetters,
} from "../deliver/dead-letters.ts";
import { FileLog } from "../log/file-log.ts";
import { recordName } from "../record.ts";
import { Plans } from "../task/plan.ts";
import { Counters } from "../telemetry/counters.ts";
import { createLogger } from "../telemetry/log.ts";
import { endWithReader } from "./end-with-reader.ts";
import { PreviewLane } from "./preview-lane.ts";
import { recordedInput } from "./recorded-input.ts";
import { requireOther } from "./require-other.ts";
import { stopSignal } from "./signals.ts";
import { summary } from "./summary.ts";

/** How many dead letters the summary shows. */
const SHOWN = 10;

/** The same pipeline on a throw-away state; prints every message as one JSON line and sends nothing. */
export async function preview(
  config: string,
  input: string,
  deadLetterFile: string | undefined,
): Promise<void> {
  const settings = readSettings(config);
  const plans = new Plans(settings);
  const counters = new Counters();
  const stop = stopSignal();
  const logger = createLogger("warn", settings.log.format);
  if (deadLetterFile !== undefined) requireOther(deadLetterFile, input);
  const folder = mkdtempSync(join(tmpdir(), "cdc-to-segment-preview-"));
  const file = deadLetterFile === undefined ? null : new FileLog(deadLetterFile);
  const shown: DeadLetter[] = [];
  const deadLetters: DeadLetters = {
    append: async (letters) => {
      shown.push(...letters.slice(0, SHOWN - shown.length));
      if (file) await new LoggedDeadLetters(file, asLine, systemClock, logger).append(letters);
    },
  };
  const lane = new PreviewLane();
  const source = recordedInput(input, { settings, plans, counters, deadLetters });
  endWithReader(() => rmSync(folder, { recursive: true, force: true }));
  try {
    await runPipeline(
      {
        settings,
        plans,
        source,
        destination: { lane: () => lane },
        deadLetters,
        controlFor: () => fileControl(folder),
        folder,
        clock: systemClock,
        counters,
        logger,
        listen: (listener) => lane.printing(listener),
      },
      stop,
    );
  } finally {
    await lane.flush();
    await file?.close();
    rmSync(folder, { recursive: true, force: true });
    process.stderr.write(summary(counters));
    for (const { record, error } of shown) {
      process.stderr.write(
        `  dead letter ${recordName(record)}: ${error.code}: ${error.message}\n`,
      );
    }
  }
}
