import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { segmentOf } from "../../src/cli/segment.ts";
import { openStatus } from "../../src/cli/status-port.ts";
import { readSettings } from "../../src/config/read.ts";
import { fileControl } from "../../src/coordination/file-control.ts";
import type { SourceRecord, TopicPartition } from "../../src/data/record.ts";
import { asLine, JournaledDeadLetters } from "../../src/dlq/dead-letters.ts";
import { FileJournal } from "../../src/journal/file-journal.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { noopLogger } from "../../src/lib/logger.ts";
import { Counters } from "../../src/metrics/counters.ts";
import { runPipeline } from "../../src/pipeline.ts";
import type { Changelog } from "../../src/state/changelog.ts";
import type { StatusServer } from "../../src/status/status-server.ts";
import { Telemetry } from "../../src/status/telemetry.ts";
import { Topology } from "../../src/topology/topology.ts";
import { FakeSource } from "./fake-source.ts";

const VERSION = "0.0.1";

/** Restarts of the consumer by reason. */
type Restarts = { readonly crashed: number; readonly lost: number; readonly stalled: number };

/** A real pipeline in this process with a fake source and a status port. */
export class WatchedPipeline {
  readonly #directory = mkdtempSync(join(tmpdir(), "watched-"));
  readonly #source = new FakeSource();
  readonly #stop = new AbortController();
  readonly #ends = new Map<string, Map<number, number>>();
  readonly #settings;
  readonly #telemetry;
  readonly #over;
  /** Status of its consumer. */
  readonly #sourceStatus = {
    ...{ isJoined: true, reason: null, rebalances: 1, next: new Map<string, number>() },
    restarts: { crashed: 0, lost: 0, stalled: 0 } as Restarts,
  };
  #status: StatusServer | null = null;
  /** A free port, until the status port was opened once. */
  #port = 0;

  /** @param settings without `state`, `kafka` and `status` */
  constructor(
    settings: object,
    assigned: readonly TopicPartition[],
    changelog: Changelog | null = null,
  ) {
    const file = join(this.#directory, "config.json");
    const own = { state: { directory: this.#directory }, status: { port: 0 } };
    writeFileSync(file, JSON.stringify({ ...settings, ...own }));
    this.#settings = readSettings(file);
    const counters = new Counters();
    this.#telemetry = new Telemetry({
      ...{ pipeline: this.#settings.name, version: VERSION, counters },
      source: {
        status: this.#sourceStatus,
        ends: async (topic) => this.#ends.get(topic) ?? new Map(),
      },
    });
    this.#over = this.#run(counters, changelog);
    this.#source.assign(assigned);
  }

  /** Opens the status port, also again after `close`. @returns its URL */
  async open(): Promise<string> {
    const status = { host: "127.0.0.1", port: this.#port };
    this.#status = await openStatus({ ...this.#settings, status }, this.#telemetry, noopLogger);
    const url = this.#status?.url ?? "";
    this.#port = Number(new URL(url).port);
    return url;
  }

  /** Closes the status port. */
  async close(): Promise<void> {
    await this.#status?.close();
  }

  produce(tp: TopicPartition, record: Pick<SourceRecord, "key" | "value">): void {
    const more = { headers: {}, timestamp: 1_700_000_000_000, ...record };
    const offset = this.#source.produce(tp, more);
    const ends = this.#ends.get(tp.topic) ?? new Map<number, number>();
    this.#ends.set(tp.topic, ends.set(tp.partition, offset + 1));
  }

  /** Reports a failure. */
  failed(error: Error): void {
    this.#telemetry.failed(error);
  }

  /** Reports restarts of the consumer. */
  replaced(restarts: Restarts): void {
    this.#sourceStatus.restarts = restarts;
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#over;
    await this.close();
    rmSync(this.#directory, { recursive: true });
  }

  async #run(counters: Counters, changelog: Changelog | null): Promise<void> {
    const [settings, directory] = [this.#settings, this.#directory];
    const deadLetters = new FileJournal(join(directory, "dead-letters.ndjson"));
    const destination = segmentOf(settings.segment);
    await runPipeline(
      {
        ...{ settings, directory, topology: new Topology(settings) },
        runtime: { clock: systemClock, counters, logger: noopLogger },
        ports: {
          ...{ source: this.#source, destination, changelog },
          deadLetters: new JournaledDeadLetters(deadLetters, asLine, systemClock, noopLogger),
          controlFor: () => fileControl(directory),
        },
        observer: { telemetry: this.#telemetry },
      },
      this.#stop.signal,
    );
    destination.close();
    await deadLetters.close();
  }
}
