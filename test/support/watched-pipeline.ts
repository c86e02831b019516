import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { segmentOf } from "../../src/cli/segment.ts";
import { openStatus } from "../../src/cli/status-port.ts";
import { readSettings } from "../../src/config/read.ts";
import { fileControl } from "../../src/coordination/file-control.ts";
import type { SourceRecord, TopicPartition } from "../../src/data/record.ts";
import { asLine, LoggedDeadLetters } from "../../src/dlq/dead-letters.ts";
import { FileLog } from "../../src/journal/file-journal.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { silent } from "../../src/lib/logger.ts";
import { Counters } from "../../src/metrics/counters.ts";
import { runPipeline } from "../../src/pipeline.ts";
import type { Changelog } from "../../src/state/changelog.ts";
import type { StatusServer } from "../../src/status/status-server.ts";
import { Telemetry } from "../../src/status/telemetry.ts";
import { Plans } from "../../src/topology/topology.ts";
import { FakeSource } from "./fake-source.ts";

const VERSION = "0.0.1";

/** Consumers that were replaced, by why. */
type Restarts = { readonly crashed: number; readonly lost: number; readonly silent: number };

/** A pipeline in this process, real but for its source, with its status port. */
export class WatchedPipeline {
  readonly #folder = mkdtempSync(join(tmpdir(), "watched-"));
  readonly #source = new FakeSource();
  readonly #stop = new AbortController();
  readonly #ends = new Map<string, Map<number, number>>();
  readonly #settings;
  readonly #telemetry;
  readonly #over;
  /** What its consumer would say of itself. */
  readonly #told = {
    ...{ isJoined: true, reason: null, rebalances: 1, next: new Map<string, number>() },
    restarts: { crashed: 0, lost: 0, silent: 0 } as Restarts,
  };
  #status: StatusServer | null = null;
  /** The first time any free one. */
  #port = 0;

  /** @param settings without `state`, `kafka` and `status` */
  constructor(
    settings: object,
    assigned: readonly TopicPartition[],
    changelog: Changelog | null = null,
  ) {
    const file = join(this.#folder, "config.json");
    const own = { state: { directory: this.#folder }, status: { port: 0 } };
    writeFileSync(file, JSON.stringify({ ...settings, ...own }));
    this.#settings = readSettings(file);
    const counters = new Counters();
    this.#telemetry = new Telemetry({
      ...{ pipeline: this.#settings.name, version: VERSION, counters },
      source: { told: this.#told, ends: async (topic) => this.#ends.get(topic) ?? new Map() },
    });
    this.#over = this.#run(counters, changelog);
    this.#source.assign(assigned);
  }

  /** Opens the status port, once more where it was closed. @returns its URL */
  async open(): Promise<string> {
    const status = { host: "127.0.0.1", port: this.#port };
    this.#status = await openStatus({ ...this.#settings, status }, this.#telemetry, silent);
    const url = this.#status?.url ?? "";
    this.#port = Number(new URL(url).port);
    return url;
  }

  /** Closes the status port: the process can no longer be asked. */
  async close(): Promise<void> {
    await this.#status?.close();
  }

  produce(at: TopicPartition, record: Pick<SourceRecord, "key" | "value">): void {
    const more = { headers: {}, timestamp: 1_700_000_000_000, ...record };
    const offset = this.#source.produce(at, more);
    const ends = this.#ends.get(at.topic) ?? new Map<number, number>();
    this.#ends.set(at.topic, ends.set(at.partition, offset + 1));
  }

  /** It cannot go on. */
  failed(error: Error): void {
    this.#telemetry.failed(error);
  }

  /** Its consumer was replaced. */
  replaced(restarts: Restarts): void {
    this.#told.restarts = restarts;
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#over;
    await this.close();
    this.#telemetry.close();
    rmSync(this.#folder, { recursive: true });
  }

  async #run(counters: Counters, changelog: Changelog | null): Promise<void> {
    const [settings, folder] = [this.#settings, this.#folder];
    const letters = new FileLog(join(folder, "dead-letters.ndjson"));
    const destination = segmentOf(settings.segment);
    await runPipeline(
      {
        ...{ settings, folder, destination, counters, changelog, source: this.#source },
        ...{ plans: new Plans(settings), clock: systemClock, logger: silent },
        deadLetters: new LoggedDeadLetters(letters, asLine, systemClock, silent),
        controlFor: () => fileControl(folder),
        telemetry: this.#telemetry,
      },
      this.#stop.signal,
    );
    destination.close();
    await letters.close();
  }
}
