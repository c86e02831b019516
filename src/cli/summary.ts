import { COUNTERS, type CounterName, type Counters } from "../metrics/counters.ts";

const ALWAYS: readonly CounterName[] = [
  "records",
  "added",
  "changed",
  "removed",
  "unchanged",
  "messages",
  "dead_letters",
];

/** What a run did, a line for each counter that is not zero, with the reasons that were kept. */
export function summary(counters: Counters): string {
  const names = Object.keys(COUNTERS) as CounterName[];
  const shown = names.filter((name) => counters.get(name) > 0 || ALWAYS.includes(name));
  const width = Math.max(...shown.map((name) => String(counters.get(name)).length));
  return shown
    .map((name) => {
      const line = `  ${String(counters.get(name)).padStart(width)}  ${COUNTERS[name]}\n`;
      const reasons = counters
        .reasons(name)
        .map(([reason, count]) => `  ${" ".repeat(width)}    ${count} × ${reason}\n`);
      return line + reasons.join("");
    })
    .join("");
}
