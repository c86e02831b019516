import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync } from "node:zlib";
import { exactJson } from "./exact-json.ts";

/** The expected data of a recorded run, logged by database triggers: independent of Debezium and of this program. */

export type DatabaseRow = { readonly [column: string]: unknown };
export type Kind = "added" | "changed" | "removed";

/** One change of a row, with the row after it; a removed row with its last values. */
export type Step = { readonly kind: Kind; readonly row: DatabaseRow };

export type History = {
  readonly steps: readonly Step[];
  /** Every version of the row, in order, including updates without a change. */
  readonly images: readonly DatabaseRow[];
};

type LoggedChange = {
  readonly table: string;
  readonly op: "c" | "u" | "d" | "t";
  readonly before: DatabaseRow | null;
  readonly after: DatabaseRow | null;
};

const FIXTURES = new URL("../fixtures/", import.meta.url);

/**
 * The history of each row by `table key`. Rows of the snapshot are added first.
 * @param keyChange how an update of a primary key counts; `changed` belongs to the new key
 */
export function expectedHistories(
  name: string,
  keys: { readonly [table: string]: readonly string[] },
  keyChange: "changed" | "removed and added" = "removed and added",
): Map<string, History> {
  const histories = new Map<string, { steps: Step[]; images: DatabaseRow[] }>();
  const live = new Map<string, Set<string>>(Object.keys(keys).map((table) => [table, new Set()]));
  const rowName = (table: string, row: DatabaseRow) => nameOfRow(table, keys[table] ?? [], row);
  const historyOf = (row: string) => {
    const history = histories.get(row) ?? { steps: [], images: [] };
    histories.set(row, history);
    return history;
  };
  const store = (table: string, row: DatabaseRow, kind?: "added" | "changed") => {
    const name = rowName(table, row);
    live.get(table)?.add(name);
    const { steps, images } = historyOf(name);
    images.push(row);
    if (kind) steps.push({ kind, row });
  };
  const remove = (table: string, name: string) => {
    live.get(table)?.delete(name);
    const { steps, images } = historyOf(name);
    // Not the log's `before`, which contains columns that were added later and are in no record.
    steps.push({ kind: "removed", row: images.at(-1) ?? {} });
  };

  const snapshot = read(name, "expected-snapshot.json.gz") as { [table: string]: DatabaseRow[] };
  for (const [qualified, rows] of Object.entries(snapshot)) {
    const table = tableOf(qualified);
    if (keys[table]) for (const row of rows) store(table, row, "added");
  }
  for (const { table: qualified, op, before, after } of read(
    name,
    "expected-changes.json.gz",
  ) as LoggedChange[]) {
    const table = tableOf(qualified);
    if (!keys[table]) continue;
    if (op === "t") for (const row of [...(live.get(table) ?? [])]) remove(table, row);
    else if (!after) remove(table, rowName(table, before ?? {}));
    else if (!before) store(table, after, "added");
    else {
      const old = rowName(table, before);
      const moved = old !== rowName(table, after);
      if (moved && keyChange === "changed") live.get(table)?.delete(old);
      else if (moved) remove(table, old);
      const changed = moved || !isDeepStrictEqual(before, after);
      const kind = moved && keyChange !== "changed" ? "added" : "changed";
      store(table, after, changed ? kind : undefined);
    }
  }
  return histories;
}

export function nameOfRow(table: string, key: readonly string[], row: DatabaseRow): string {
  return `${table} ${key.map((column) => String(row[column])).join(",")}`;
}

function tableOf(qualified: string): string {
  return qualified.slice(qualified.indexOf(".") + 1).replaceAll('"', "");
}

function read(name: string, file: string): unknown {
  return exactJson(gunzipSync(readFileSync(new URL(`${name}/${file}`, FIXTURES))).toString("utf8"));
}
