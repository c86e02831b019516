import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync } from "node:zlib";
import { exactJson } from "./exact-json.ts";

/** What triggers in the database logged of a recorded run: independent of Debezium and of us. */

export type DatabaseRow = { readonly [column: string]: unknown };
export type Kind = "added" | "changed" | "removed";

/** One thing that happened to a row, with what the row then was; a removed one with what it last was. */
export type Step = { readonly kind: Kind; readonly row: DatabaseRow };

export type History = {
  readonly steps: readonly Step[];
  /** Everything the row ever was, in order, updates that change nothing included. */
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
 * What each row went through, in order: `table key` → history; its first rows are added by the snapshot.
 * @param keyChange what an update of a primary key is; one that is `changed` counts for the new key
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
  const become = (table: string, row: DatabaseRow, kind?: "added" | "changed") => {
    const name = rowName(table, row);
    live.get(table)?.add(name);
    const { steps, images } = historyOf(name);
    images.push(row);
    if (kind) steps.push({ kind, row });
  };
  const leave = (table: string, name: string) => {
    live.get(table)?.delete(name);
    const { steps, images } = historyOf(name);
    // Not the log's `before`: that has the columns which were added since, and which nothing told of.
    steps.push({ kind: "removed", row: images.at(-1) ?? {} });
  };

  const snapshot = read(name, "expected-snapshot.json.gz") as { [table: string]: DatabaseRow[] };
  for (const [qualified, rows] of Object.entries(snapshot)) {
    const table = tableOf(qualified);
    if (keys[table]) for (const row of rows) become(table, row, "added");
  }
  for (const { table: qualified, op, before, after } of read(
    name,
    "expected-changes.json.gz",
  ) as LoggedChange[]) {
    const table = tableOf(qualified);
    if (!keys[table]) continue;
    if (op === "t") for (const row of [...(live.get(table) ?? [])]) leave(table, row);
    else if (!after) leave(table, rowName(table, before ?? {}));
    else if (!before) become(table, after, "added");
    else {
      const old = rowName(table, before);
      const moved = old !== rowName(table, after);
      if (moved && keyChange === "changed") live.get(table)?.delete(old);
      else if (moved) leave(table, old);
      const changed = moved || !isDeepStrictEqual(before, after);
      const kind = moved && keyChange !== "changed" ? "added" : "changed";
      become(table, after, changed ? kind : undefined);
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
