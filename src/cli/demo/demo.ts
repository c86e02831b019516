import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readSettings } from "../../config/read.ts";
import { fileControl } from "../../coordination/file-control.ts";
import type { SourceRecord } from "../../data/record.ts";
import type { LaneMessage } from "../../deliver/outgoing.ts";
import { asLine, LoggedDeadLetters } from "../../dlq/dead-letters.ts";
import { FileLog } from "../../journal/file-journal.ts";
import { systemClock } from "../../lib/clock.ts";
import { silent } from "../../lib/logger.ts";
import { Counters } from "../../metrics/counters.ts";
import { runPipeline } from "../../pipeline.ts";
import type { SourceListener } from "../../source/source.ts";
import { Telemetry } from "../../status/telemetry.ts";
import { Plans } from "../../topology/topology.ts";
import { stopSignal } from "../process.ts";
import { recordedInput } from "../recorded-input.ts";
import { segmentOf } from "../segment.ts";
import { openStatus } from "../status-port.ts";
import { library } from "../version.ts";
import { readFeed } from "./feed.ts";
import { StandIn } from "./mock-segment.ts";
import { Picture } from "./screen.ts";

const FOLDER = new URL("../../../config/demo/", import.meta.url);

/** Slow enough to read on a terminal: 2,628 records take about eight seconds. */
const WINDOW = 20;
const PAUSE_MS = process.stdout.isTTY ? 60 : 0;

/** How often it is looked whether everything is delivered. */
const LOOK_MS = 50;

/** What Kafka's group would say of a file. */
const TOLD = {
  ...{ isJoined: true, reason: null, rebalances: 1, next: new Map<string, number>() },
  restarts: { crashed: 0, lost: 0, silent: 0 },
};

/**
 * The recorded demo feed through the whole pipeline, over HTTP, into a local Segment stand-in, with the status page.
 * On a terminal the page stays until Ctrl+C; elsewhere the end of the feed is the end.
 */
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
  const feed = readFeed(input);
  const picture = new Picture(counters, standIn, feed.records, relative(process.cwd(), config));
  const telemetry = new Telemetry({
    ...{ pipeline: settings.name, version: library.version, counters },
    source: { told: TOLD, ends: async (topic) => feed.ends.get(topic) ?? new Map() },
  });
  const source = recordedInput(
    input,
    { settings, plans, counters, deadLetters },
    { window: WINDOW },
  );
  const started = Date.now();
  let isShown = false;
  const end = () => {
    if (!isShown) picture.end((Date.now() - started) / 1000);
    isShown = true;
  };
  const status = await openStatus(settings, telemetry, silent);
  /** Shows the end once all is delivered, and stays for who looks at the page. */
  const stay = async () => {
    const isBehind = async () =>
      (await telemetry.observe()).partitions.some(({ lag }) => lag.records !== 0);
    while (!stop.aborted && (await isBehind())) await systemClock.sleep(LOOK_MS, stop);
    if (stop.aborted) return;
    end();
    picture.stays(status?.url);
  };
  try {
    picture.begin(status?.url);
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
        telemetry,
        onMessages: (pushed) => {
          for (const message of pushed) {
            messages.set(message.record, [...(messages.get(message.record) ?? []), message]);
          }
        },
        listen: (listener) => ({
          ...drawing(listener, picture, messages),
          ended: () => (process.stdout.isTTY ? void stay() : listener.ended()),
        }),
      },
      stop,
    );
    end();
  } finally {
    await status?.close();
    telemetry.close();
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
