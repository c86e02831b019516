import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readSettings } from "../../config/read.ts";
import { fileControl } from "../../coordination/file-control.ts";
import type { SourceRecord } from "../../data/record.ts";
import type { OutgoingMessage } from "../../deliver/outgoing.ts";
import { asLine, JournaledDeadLetters } from "../../dlq/dead-letters.ts";
import { FileJournal } from "../../journal/file-journal.ts";
import { systemClock } from "../../lib/clock.ts";
import { noopLogger } from "../../lib/logger.ts";
import { Counters } from "../../metrics/counters.ts";
import { runPipeline } from "../../pipeline.ts";
import type { SourceListener } from "../../source/source.ts";
import { Telemetry } from "../../status/telemetry.ts";
import { Topology } from "../../topology/topology.ts";
import { stopSignal } from "../process.ts";
import { recordedInput } from "../recorded-input.ts";
import { segmentOf } from "../segment.ts";
import { openStatus } from "../status-port.ts";
import { library } from "../version.ts";
import { readFeed } from "./feed.ts";
import { MockSegment } from "./mock-segment.ts";
import { Screen } from "./screen.ts";

const DIRECTORY = new URL("../../../config/demo/", import.meta.url);

/** Slow enough to read on a terminal: 2,628 records take about eight seconds. */
const WINDOW = 20;
const PAUSE_MS = process.stdout.isTTY ? 60 : 0;

/** How often it is looked whether everything is delivered. */
const LOOK_MS = 50;

/** What Kafka's group would say of a file. */
const SOURCE_STATUS = {
  ...{ isJoined: true, reason: null, rebalances: 1, next: new Map<string, number>() },
  restarts: { crashed: 0, lost: 0, stalled: 0 },
};

/**
 * The recorded demo feed through the whole pipeline, over HTTP, into a local mock Segment server, with the status page.
 * On a terminal the page stays until Ctrl+C; elsewhere the end of the feed is the end.
 */
export async function demo(): Promise<void> {
  const stop = stopSignal();
  const mockSegment = await MockSegment.start();
  const directory = mkdtempSync(join(tmpdir(), "cdc-to-segment-demo-"));
  const environment = { DEMO_SEGMENT_URL: mockSegment.url, DEMO_STATE: directory };
  const config = fileURLToPath(new URL("demo.yaml", DIRECTORY));
  const settings = readSettings(config, environment);
  const destination = segmentOf(settings.segment);
  const journal = new FileJournal(join(directory, "dead-letters.ndjson"));
  const deadLetters = new JournaledDeadLetters(journal, asLine, systemClock, noopLogger);
  const topology = new Topology(settings);
  const counters = new Counters();
  const messages = new Map<SourceRecord, OutgoingMessage[]>();
  const input = fileURLToPath(new URL("feed.ndjson.gz", DIRECTORY));
  const feed = readFeed(input);
  const screen = new Screen(counters, mockSegment, feed.records, relative(process.cwd(), config));
  const telemetry = new Telemetry({
    ...{ pipeline: settings.name, version: library.version, counters },
    source: { status: SOURCE_STATUS, ends: async (topic) => feed.ends.get(topic) ?? new Map() },
  });
  const source = recordedInput(
    input,
    { settings, topology, counters, deadLetters },
    { window: WINDOW },
  );
  const started = Date.now();
  let isShown = false;
  const end = () => {
    if (!isShown) screen.end((Date.now() - started) / 1000);
    isShown = true;
  };
  const status = await openStatus(settings, telemetry, noopLogger);
  /** Shows the end once all is delivered, and stays for who looks at the page. */
  const stay = async () => {
    const isBehind = async () =>
      (await telemetry.observe()).partitions.some(({ lag }) => lag.records !== 0);
    while (!stop.aborted && (await isBehind())) await systemClock.sleep(LOOK_MS, stop);
    if (stop.aborted) return;
    end();
    screen.stays(status?.url);
  };
  try {
    screen.begin(status?.url);
    await runPipeline(
      {
        settings,
        topology,
        directory: join(directory, "tasks"),
        runtime: { clock: systemClock, counters, logger: noopLogger },
        ports: { source, destination, deadLetters, controlFor: () => fileControl(directory) },
        observer: {
          telemetry,
          onMessages: (pushed) => {
            for (const message of pushed) {
              messages.set(message.record, [...(messages.get(message.record) ?? []), message]);
            }
          },
          listen: (listener) => ({
            ...drawing(listener, screen, messages),
            ended: () => (process.stdout.isTTY ? void stay() : listener.ended()),
          }),
        },
      },
      stop,
    );
    end();
  } finally {
    await status?.close();
    telemetry.close();
    destination.close();
    await journal.close();
    await mockSegment.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Draws each window of records once it is processed, at a pace that can be read. */
function drawing(
  listener: SourceListener,
  screen: Screen,
  messages: Map<SourceRecord, OutgoingMessage[]>,
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
      screen.window(window, messages);
      window = [];
      messages.clear();
      await systemClock.sleep(PAUSE_MS);
    },
    ended: () => listener.ended(),
    failed: (error) => listener.failed(error),
  };
}
