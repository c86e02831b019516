import type { Result } from "./chaos.ts";

/** The table of a run, in Markdown. */
export function table({ outcome, done, ...result }: Result): string {
  const rows: readonly (readonly [string, number | string])[] = [
    ["records in the topic", result.records],
    ["events expected", outcome.expected],
    ["delivered", outcome.delivered],
    ["**lost**", outcome.lost.length],
    ["**doubled after dedupe by messageId**", outcome.doubled.length],
    ["**out of order per row**", outcome.outOfOrder.length],
    ["worst recovery time of a partition", `${(result.worst_ms / 1_000).toFixed(1)} s`],
    ["repeats that dedupe dropped", result.repeated],
    ["requests to Segment", result.requests],
    ["SIGKILLs", done.kills],
    ["zombies (SIGSTOP for longer than the session)", done.zombies],
    ["broker restarts", done.brokerRestarts],
    ["rebalances", result.rebalances],
    ["scalings", done.scalings],
    ["disks lost", done.disksLost],
    ["disks put back from before", done.disksFromBefore],
    ["processes that ended by themselves, or badly", result.ends.length],
    ["duration", `${result.seconds} s`],
    ["seed", `${result.seed}`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => {
    const text = typeof value === "number" ? value.toLocaleString("en") : value;
    return `| ${name.padEnd(width)} | ${text.padStart(9)} |`;
  });
  return [`| ${" ".repeat(width)} | ${" ".repeat(9)} |`, "| --- | ---: |", ...lines].join("\n");
}
