import { monitorEventLoopDelay } from "node:perf_hooks";
import type { ProcessReading } from "./observed.ts";

/** ms between two looks at the event loop: what it is late beyond that is its delay. */
const RESOLUTION_MS = 20;

/** Reads what the process takes, and how late its event loop was since the last `forget`. */
export class ProcessReader {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#delay.enable();
  }

  read(): ProcessReading {
    const { rss, heapUsed, external } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const late = (ns: number) => Math.max(0, ns / 1e9 - RESOLUTION_MS / 1_000) || 0;
    const { max } = this.#delay;
    return {
      resident_bytes: rss,
      heap_bytes: heapUsed,
      external_bytes: external,
      cpu_s: (user + system) / 1e6,
      delay_s: {
        p50: late(this.#delay.percentile(50)),
        p99: late(this.#delay.percentile(99)),
        max: late(max),
      },
    };
  }

  reset(): void {
    this.#delay.reset();
  }

  close(): void {
    this.#delay.disable();
  }
}
