import { setFlagsFromString } from "node:v8";

/**
 * V8 lets the heap grow to four times what is in use before it collects it whole. With two and a half times `run` takes some
 * 70 MB less, of 530, for no processor time that could be measured (4.7 s a 100,000 records either way); with 1.3 times it takes 120 MB
 * less and a quarter more time.
 */
export function limitHeapGrowth(): void {
  setFlagsFromString("--heap-growing-percent=150");
}
