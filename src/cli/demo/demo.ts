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

/** Interval of the check whether everything is delivered. */
const CHECK_MS = 50;

/** A file has no consumer group: the status of one that has joined. */
const SOURCE_STATUS = {
  ...{ isJoined: true, reason: null, rebalances: 1, next: new Map<string, number>() },
  restarts: { crashed: 0, lost: 0, stalled: 0 },
};

/**
 * Runs a recorded feed through the whole pipeline into a local mock Segment server, with the status page. On a terminal the
 * status page stays until Ctrl+C; otherwise the demo ends with the feed.
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
  let hasEnded = false;
  const end = () => {
    if (!hasEnded) screen.end((Date.now() - started) / 1000);
    hasEnded = true;
  };
  const status = await openStatus(settings, telemetry, noopLogger);
  /** Prints the totals when everything is delivered, and keeps the status page available. */
  const stay = async () => {
    const hasLag = async () =>
      (await telemetry.observe()).partitions.some(({ lag }) => lag.records !== 0);
    while (!stop.aborted && (await hasLag())) await systemClock.sleep(CHECK_MS, stop);
    if (stop.aborted) return;
    end();
    screen.stays(status?.url);
  };
  try {
    screen.start(status?.url);
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
            ...printing(listener, screen, messages),
            ended: () => (process.stdout.isTTY ? void stay() : listener.ended()),
          }),
        },
      },
      stop,
    );
    end();
  } finally {
    await status?.close();
    destination.close();
    await journal.close();
    await mockSegment.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Prints each window of records after it is processed, slowly enough to read. */
function printing(
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
