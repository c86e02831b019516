import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { runPipeline } from "../app.ts";
import { systemClock } from "../clock.ts";
import { readSettings } from "../config/read.ts";
import { fileControl } from "../control/file-control.ts";
import { asLine, LoggedDeadLetters } from "../deliver/dead-letters.ts";
import type { LaneMessage } from "../deliver/lane.ts";
import { Picture } from "../demo/picture.ts";
import { StandIn } from "../demo/stand-in.ts";
import { FileLog } from "../log/file-log.ts";
import type { SourceRecord } from "../record.ts";
import type { SourceListener } from "../source/source.ts";
import { Plans } from "../task/plan.ts";
import { Counters } from "../telemetry/counters.ts";
import { silent } from "../telemetry/log.ts";
import { recordedInput } from "./recorded-input.ts";
import { segmentOf } from "./segment.ts";
import { stopSignal } from "./signals.ts";

const FOLDER = new URL("../../config/demo/", import.meta.url);

/** Slow enough to read on a terminal: 2,628 records take about eight seconds. */
const WINDOW = 20;
const PAUSE_MS = process.stdout.isTTY ? 60 : 0;

/** The recorded demo feed through the whole pipeline, over HTTP, into a local Segment stand-in. */
export async function demo(): Promise<void> {
  const stop = stopSignal();
  const standIn = await StandIn.start();
  const folder = mkdtempSync(join(tmpdir(), "cdc-to-segment-demo-"));
  const environment = { DEMO_SEGMENT_URL: standIn.url, DEMO_STATE: folder };
  const config = fileURLToPath(new URL("demo.yaml", FOLDER));
  const settings = readSettings(config, environment);
  const destination = segmentOf(settings.segment);
  const letters = new FileLog(join(folder, "dead-letters.ndjson"));
  const deadLetters = new LoggedDeadLetters(letters, asLine, systemClock, silent);
  const plans = new Plans(settings);
  const counters = new Counters();
  const messages = new Map<SourceRecord, LaneMessage[]>();
  const input = fileURLToPath(new URL("feed.ndjson.gz", FOLDER));
  const records = gunzipSync(readFileSync(input)).toString("latin1").trim().split("\n").length;
  const picture = new Picture(counters, standIn, records, relative(process.cwd(), config));
  const source = recordedInput(
    input,
    { settings, plans, counters, deadLetters },
    { window: WINDOW },
  );
  picture.begin();
  const started = Date.now();
  try {
    await runPipeline(
      {
        settings,
        plans,
        source,
        destination,
        deadLetters,
        controlFor: () => fileControl(folder),
        folder: join(folder, "tasks"),
        clock: systemClock,
        counters,
        logger: silent,
        onMessages: (pushed) => {
          for (const message of pushed) {
            messages.set(message.record, [...(messages.get(message.record) ?? []), message]);
          }
        },
        listen: (listener) => drawing(listener, picture, messages),
      },
      stop,
    );
    picture.end((Date.now() - started) / 1000);
  } finally {
    destination.close();
    await letters.close();
    await standIn.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Draws each window of records once it is processed, at a pace that can be read. */
function drawing(
  listener: SourceListener,
  picture: Picture,
  messages: Map<SourceRecord, LaneMessage[]>,
): SourceListener {
  let window: SourceRecord[] = [];
  return {
    assigned: (partitions) => listener.assigned(partitions),
    records: (records) => {
      window.push(...records);
      listener.records(records);
    },
    processed: async () => {
      await listener.processed();
      if (window.length === 0) return;
      picture.window(window, messages);
      window = [];
      messages.clear();
      await systemClock.sleep(PAUSE_MS);
    },
    ended: () => listener.ended(),
    failed: (error) => listener.failed(error),
  };
}
