import type { SourceRecord } from "../../data/record.ts";
import type { OutgoingMessage } from "../../deliver/outgoing.ts";
import { systemClock } from "../../lib/clock.ts";
import { paceOf, type Step, stepText } from "../../lib/progress-text.ts";
import type { CounterName, Counters } from "../../metrics/counters.ts";
import type { MockSegment } from "./mock-segment.ts";

const [BOLD, DIM, GREEN, YELLOW, RESET] = process.stdout.isTTY
  ? ["\u001b[1m", "\u001b[2m", "\u001b[32m", "\u001b[33m", "\u001b[0m"]
  : ["", "", "", "", ""];

/** Lines of each window that are shown: enough to see what happens, few enough to read. */
const SHOWN = 3;

/** Without a terminal nobody watches: this many lines are an example, the rest would be noise. */
const SHOWN_ELSEWHERE = 24;

const LEFT_WIDTH = 46;

/** Where it begins. */
const EMPTY_LIST: Step = { done: 0, total: null, counts: { records: 0 } };

/** Draws what happens: a row on the left, what became of it on the right, and the sums below. */
export class Screen {
  readonly #counters: Counters;
  readonly #mockSegment: MockSegment;
  readonly #total: number;
  readonly #settings: string;
  #startedTime = 0;
  #lines = 0;

  /** @param total records that will come; @param settings path of the file that says what becomes of them */
  constructor(counters: Counters, mockSegment: MockSegment, total: number, settings: string) {
    this.#counters = counters;
    this.#mockSegment = mockSegment;
    this.#total = total;
    this.#settings = settings;
  }

  /** @param page where it can be watched in a browser */
  begin(page = ""): void {
    this.#startedTime = systemClock.now();
    if (page !== "") process.stdout.write(`Watch it at ${BOLD}${page}/${RESET}\n\n`);
    this.#print(`${BOLD}Debezium change records${RESET}`, `${BOLD}what Segment gets${RESET}`);
  }

  /** Shows a few records of a window with the messages that they became, different outcomes first. */
  window(
    records: readonly SourceRecord[],
    messages: ReadonlyMap<SourceRecord, readonly OutgoingMessage[]>,
  ): void {
    const shown = new Map<string, { record: SourceRecord; became: string }>();
    for (const record of records) {
      if (record.value === null) continue;
      const became = outcomes(record, messages.get(record) ?? []);
      const kind = became.replace(/\d+/g, "");
      if (!shown.has(kind)) shown.set(kind, { record, became });
    }
    for (const { record, became } of [...shown.values()].slice(0, SHOWN)) {
      if (process.stdout.isTTY || this.#lines < SHOWN_ELSEWHERE)
        this.#print(described(record), became);
    }
    if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${this.#footer()}`);
  }

  end(seconds: number): void {
    const count = (name: CounterName) => String(this.#counters.get(name)).padStart(6);
    const kinds = Map.groupBy(this.#mockSegment.accepted, ({ type, event }) =>
      type === "identify" ? "identify" : `track "${event}"`,
    );
    const kept = [...kinds]
      .map(([kind, { length }]) => `  ${String(length).padStart(6)}  ${kind}`)
      .join("\n");
    process.stdout.write(
      `${process.stdout.isTTY ? "\r\u001b[K" : ""}
${BOLD}${this.#counters.get("records")} change records${RESET} in ${seconds.toFixed(1)} s, each held against the stored row of its key (RocksDB):

  ${count("added")}  rows added to a sync
  ${count("changed")}  rows changed in a column that a sync uses
  ${count("removed")}  rows removed from a sync
  ${YELLOW}${count("calls_not_made")}  updates that changed nothing a sync uses: no call made, none billed${RESET}
  ${count("tombstones")}  tombstones, which belong to the delete before them
  ${count("initial_skipped")}  rows that were there before the sync began, skipped as configured
  ${count("dead_letters")}  dead letters

${BOLD}${this.#mockSegment.accepted.length} messages arrived${RESET} in ${this.#mockSegment.requests} requests, ${this.#mockSegment.dropped.repeated} repeated:

${GREEN}${kept}${RESET}

Settings: ${this.#settings}   Your own data: cdc-to-segment preview --config F recorded.ndjson
`,
    );
  }

  /** What is shown stays, and so does the page. */
  stays(page = ""): void {
    process.stdout.write(`The page stays at ${BOLD}${page}/${RESET} until you press Ctrl+C.\n`);
  }

  /** A line that wraps could not be rewritten; what is told apart by colour stands in it as it is. */
  #footer(): string {
    const step = this.#step;
    const pace = paceOf(EMPTY_LIST, step, systemClock.now() - this.#startedTime);
    return stepText(step, pace)
      .slice(0, (process.stdout.columns || 80) - 1)
      .replace(/[\d,]+ records/, `${BOLD}$&${RESET}`)
      .replace(/[\d,]+ calls not made/, `${YELLOW}$&${RESET}`);
  }

  get #step(): Step {
    const [records, notMade] = [
      this.#counters.get("records"),
      this.#counters.get("calls_not_made"),
    ];
    return {
      done: records + this.#counters.get("other_records"),
      total: this.#total,
      counts: { records, "calls not made": notMade, messages: this.#mockSegment.accepted.length },
    };
  }

  #print(left: string, right: string): void {
    this.#lines += 1;
    const visible = left.replaceAll(BOLD, "").replaceAll(DIM, "").replaceAll(RESET, "").length;
    const start = process.stdout.isTTY ? "\r\u001b[K" : "";
    process.stdout.write(
      `${start}${left}${" ".repeat(Math.max(1, LEFT_WIDTH - visible))}${right}\n`,
    );
  }
}

const VERBS: { readonly [op: string]: string } = {
  c: "insert",
  u: "update",
  d: "delete",
  r: "snapshot",
};

function described(record: SourceRecord): string {
  const id = Object.values(JSON.parse(record.key?.toString() ?? "{}") as object).join(",");
  return `${(VERBS[opOf(record)] ?? "record").padEnd(9)}${record.topic.split(".").at(-1)} ${id}`;
}

function outcomes(record: SourceRecord, messages: readonly OutgoingMessage[]): string {
  if (messages.length === 0) {
    const why =
      opOf(record) === "r"
        ? "was there before the sync began"
        : "nothing that a sync uses is different";
    return `${DIM}· no call: ${why}${RESET}`;
  }
  return messages
    .map(({ text }) => {
      const { type, event, userId } = JSON.parse(text) as {
        type: string;
        event?: string;
        userId?: string;
      };
      return `${GREEN}▶ ${type}${RESET} user ${userId}${event === undefined ? "" : ` ${BOLD}${event}${RESET}`}`;
    })
    .join("  ");
}

function opOf({ value }: SourceRecord): string {
  return (JSON.parse(value?.toString() ?? "{}") as { op?: string }).op ?? "";
}
