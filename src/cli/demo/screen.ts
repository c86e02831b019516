import type { SourceRecord } from "../../data/record.ts";
import type { OutgoingMessage } from "../../deliver/outgoing.ts";
import { systemClock } from "../../lib/clock.ts";
import { paceOf, type Step, stepText } from "../../lib/progress-text.ts";
import type { CounterName, Counters } from "../../metrics/counters.ts";
import type { MockSegment } from "./mock-segment.ts";

const [BOLD, DIM, GREEN, YELLOW, RESET] = process.stdout.isTTY
  ? ["\u001b[1m", "\u001b[2m", "\u001b[32m", "\u001b[33m", "\u001b[0m"]
  : ["", "", "", "", ""];

/** Lines printed per window of records: few enough to read. */
const MAX_LINES = 3;

/** Lines printed without a terminal: an example. */
const MAX_LINES_WITHOUT_TERMINAL = 24;

const LEFT_WIDTH = 46;

/** Progress at the start. */
const START: Step = { done: 0, total: null, counts: { records: 0 } };

/** Prints records on the left, their messages on the right, and the totals below. */
export class Screen {
  readonly #counters: Counters;
  readonly #mockSegment: MockSegment;
  readonly #total: number;
  readonly #settings: string;
  #startedTime = 0;
  #lines = 0;

  /** @param total records of the feed; @param settings path of the settings file */
  constructor(counters: Counters, mockSegment: MockSegment, total: number, settings: string) {
    this.#counters = counters;
    this.#mockSegment = mockSegment;
    this.#total = total;
    this.#settings = settings;
  }

  /** @param page URL of the status page */
  start(page = ""): void {
    this.#startedTime = systemClock.now();
    if (page !== "") process.stdout.write(`Status page: ${BOLD}${page}/${RESET}\n\n`);
    this.#print(`${BOLD}Debezium change records${RESET}`, `${BOLD}Segment calls${RESET}`);
  }

  /** Prints a few records of a window with their messages, one for each kind of outcome. */
  window(
    records: readonly SourceRecord[],
    messages: ReadonlyMap<SourceRecord, readonly OutgoingMessage[]>,
  ): void {
    const shown = new Map<string, { record: SourceRecord; outcome: string }>();
    for (const record of records) {
      if (record.value === null) continue;
      const outcome = outcomeOf(record, messages.get(record) ?? []);
      const kind = outcome.replace(/\d+/g, "");
      if (!shown.has(kind)) shown.set(kind, { record, outcome });
    }
    for (const { record, outcome } of [...shown.values()].slice(0, MAX_LINES)) {
      if (process.stdout.isTTY || this.#lines < MAX_LINES_WITHOUT_TERMINAL)
        this.#print(described(record), outcome);
    }
    if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${this.#footer()}`);
  }

  /** Prints the totals. */
  end(seconds: number): void {
    const count = (name: CounterName) => String(this.#counters.get(name)).padStart(6);
    const kinds = Map.groupBy(this.#mockSegment.accepted, ({ type, event }) =>
      type === "identify" ? "identify" : `track "${event}"`,
    );
    const messages = [...kinds]
      .map(([kind, { length }]) => `  ${String(length).padStart(6)}  ${kind}`)
      .join("\n");
    process.stdout.write(
      `${process.stdout.isTTY ? "\r\u001b[K" : ""}
${BOLD}${this.#counters.get("records")} change records${RESET} in ${seconds.toFixed(1)} s, each compared with the stored row of its key (RocksDB):

  ${count("added")}  rows added to a sync
  ${count("changed")}  rows with a change in a column that a sync uses
  ${count("removed")}  rows removed from a sync
  ${YELLOW}${count("unchanged")}  updates without a change that a sync uses: no call, nothing billed${RESET}
  ${count("tombstones")}  tombstones, which belong to the delete before them
  ${count("initialResult")}  initial rows skipped, as configured
  ${count("dead_letters")}  dead letters

${BOLD}${this.#mockSegment.accepted.length} messages received${RESET} in ${this.#mockSegment.requests} requests, ${this.#mockSegment.dropped.repeated} repeated:

${GREEN}${messages}${RESET}

Settings: ${this.#settings}   Your own data: cdc-to-segment preview --config F recorded.ndjson
`,
    );
  }

  /** Prints that the status page remains available. */
  stays(page = ""): void {
    process.stdout.write(
      `The status page stays at ${BOLD}${page}/${RESET} until you press Ctrl+C.\n`,
    );
  }

  /** Shorter than the terminal: a line that wraps could not be overwritten. */
  #footer(): string {
    const step = this.#step;
    const pace = paceOf(START, step, systemClock.now() - this.#startedTime);
    return stepText(step, pace)
      .slice(0, (process.stdout.columns || 80) - 1)
      .replace(/[\d,]+ records/, `${BOLD}$&${RESET}`)
      .replace(/[\d,]+ skipped calls/, `${YELLOW}$&${RESET}`);
  }

  get #step(): Step {
    const records = this.#counters.get("records");
    const skipped = this.#counters.get("unchanged");
    return {
      done: records + this.#counters.get("other_records"),
      total: this.#total,
      counts: { records, "skipped calls": skipped, messages: this.#mockSegment.accepted.length },
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

const SKIPPED: { readonly [op: string]: string } = {
  d: "no sync sends this delete",
  r: "initial row",
};

function described(record: SourceRecord): string {
  const id = Object.values(JSON.parse(record.key?.toString() ?? "{}") as object).join(",");
  return `${(VERBS[opOf(record)] ?? "record").padEnd(9)}${record.topic.split(".").at(-1)} ${id}`;
}

function outcomeOf(record: SourceRecord, messages: readonly OutgoingMessage[]): string {
  if (messages.length === 0) {
    return `${DIM}· skipped: ${SKIPPED[opOf(record)] ?? "no change in a column that a sync uses"}${RESET}`;
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
