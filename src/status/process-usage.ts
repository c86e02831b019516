import { monitorEventLoopDelay } from "node:perf_hooks";

/** The event loop is sampled this often; the histogram contains this interval. */
const RESOLUTION_MS = 20;

export type ProcessUsage = {
  readonly resident_bytes: number;
  readonly heap_bytes: number;
  /** 99th percentile since the previous reading. */
  readonly eventLoopDelay_ms: number;
};

/** Memory and event loop delay of this process, for the status; the metrics have prom-client's. */
export class ProcessMonitor {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#delay.enable();
  }

  read(): ProcessUsage {
    const { rss, heapUsed } = process.memoryUsage();
    const p99_ms = this.#delay.percentile(99) / 1e6;
    this.#delay.reset();
    return {
      resident_bytes: rss,
      heap_bytes: heapUsed,
      eventLoopDelay_ms: Math.max(0, p99_ms - RESOLUTION_MS) || 0,
    };
  }

  close(): void {
    this.#delay.disable();
  }
}
