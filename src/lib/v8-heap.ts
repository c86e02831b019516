import { setFlagsFromString } from "node:v8";

/**
 * V8 lets the heap grow to four times its live size before a full collection. With 2.5 times, `run` uses about 70 MB of
 * 530 less, without measurable CPU cost (4.7 s per 100,000 records either way); with 1.3 times it uses 120 MB less and a
 * quarter more CPU.
 */
export function limitHeapGrowth(): void {
  setFlagsFromString("--heap-growing-percent=150");
}
