import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync } from "node:zlib";
import { parseJson } from "../../src/decode/json.ts";

/** What triggers in the database logged of a recorded run: independent of Debezium and of us. */

export type DatabaseRow = { readonly [column: string]: unknown };
export type Kind = "added" | "changed" | "removed";

type LoggedChange = {
  readonly table: string;
  readonly op: "c" | "u" | "d" | "t";
  readonly before: DatabaseRow | null;
  readonly after: DatabaseRow | null;
};

const FIXTURES = new URL("../fixtures/", import.meta.url);

/**
 * The kinds that each row went through, in order: `table key` → kinds; its first rows are added by the snapshot.
 * @param keyChange what an update of a primary key is; one that is `changed` counts for the new key
 */
export function expectedKinds(
  name: string,
  keys: { readonly [table: string]: readonly string[] },
  keyChange: "changed" | "removed and added" = "removed and added",
): Map<string, Kind[]> {
  const expected = new Map<string, Kind[]>();
  const add = (row: string, kind: Kind) => {
    const kinds = expected.get(row);
    if (kinds) kinds.push(kind);
    else expected.set(row, [kind]);
  };
  const live = new Map<string, Set<string>>(Object.keys(keys).map((table) => [table, new Set()]));
  const enter = (table: string, row: string) => {
    live.get(table)?.add(row);
    add(row, "added");
  };
  const leave = (table: string, row: string) => {
    live.get(table)?.delete(row);
    add(row, "removed");
  };
  const rowName = (table: string, row: DatabaseRow | null) =>
    nameOfRow(table, keys[table] ?? [], row ?? {});

  const snapshot = read(name, "expected-snapshot.json.gz") as { [table: string]: DatabaseRow[] };
  for (const [qualified, rows] of Object.entries(snapshot)) {
    const table = tableOf(qualified);
    if (keys[table]) for (const row of rows) enter(table, rowName(table, row));
  }
  for (const { table: qualified, op, before, after } of read(
    name,
    "expected-changes.json.gz",
  ) as LoggedChange[]) {
    const table = tableOf(qualified);
    if (!keys[table]) continue;
    const [old, now] = [rowName(table, before), rowName(table, after)];
    if (op === "c") enter(table, now);
    else if (op === "d") leave(table, old);
    else if (op === "t") for (const row of [...(live.get(table) ?? [])]) leave(table, row);
    else if (old !== now && keyChange === "changed") {
      live.get(table)?.delete(old);
      live.get(table)?.add(now);
      add(now, "changed");
    } else if (old !== now) {
      leave(table, old);
      enter(table, now);
    } else if (!isDeepStrictEqual(before, after)) add(now, "changed");
  }
  return expected;
}

export function nameOfRow(table: string, key: readonly string[], row: DatabaseRow): string {
  return `${table} ${key.map((column) => String(row[column])).join(",")}`;
}

function tableOf(qualified: string): string {
  return qualified.slice(qualified.indexOf(".") + 1).replaceAll('"', "");
}

function read(name: string, file: string): unknown {
  return parseJson(gunzipSync(readFileSync(new URL(`${name}/${file}`, FIXTURES))).toString("utf8"));
}
