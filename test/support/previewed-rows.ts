import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Case } from "./agreement-case.ts";
import { columnType } from "./column-type.ts";
import { cdcToSegment } from "./command-line.ts";
import { type DatabaseRow, type Kind, nameOfRow } from "./expected-data.ts";
import { PARTS, type Tables } from "./recorded-tables.ts";

/** One change that `preview` printed. */
export type PreviewedChange = { readonly kind: Kind; readonly properties: DatabaseRow };

/** The messages of each row in order, from one sync per table that watches and sends every column. */
export async function previewed(
  of: Case,
  directory: string,
): Promise<Map<string, PreviewedChange[]>> {
  const config = join(directory, `${of.name}.json`);
  writeFileSync(config, JSON.stringify(configuration(of)));
  const input = of.records ?? `test/fixtures/${of.name}/records.ndjson.gz`;
  const { code, stdout, stderr } = await cdcToSegment(["preview", "--config", config, input]);
  assert.is(code, 0, stderr);
  assert.match(stderr, /^\s+0 {2}records and messages sent to the dead letter queue/m, stderr);
  const rows = new Map<string, PreviewedChange[][]>();
  for (const line of stdout.trim().split("\n")) {
    const { event, properties } = JSON.parse(line) as { event: string; properties: DatabaseRow };
    const {
      kind,
      table = "",
      part,
    } = /^(?<kind>\w+) (?<table>.+) (?<part>\d+)$/.exec(event)?.groups ?? {};
    const key = (of.keys[table] ?? []).map(of.columnName ?? String);
    const row = nameOfRow(table, key, properties);
    const parts = rows.get(row) ?? partsOf(table).map(() => []);
    rows.set(row, parts);
    parts[Number(part)]?.push({ kind: kind as Kind, properties });
  }
  return new Map([...rows].map(([row, parts]) => [row, joined(row, parts)]));
}

/** Whether the column is in any message of its table. */
export function sent(table: string, column: string): boolean {
  return partsOf(table).some((part) => part === "*" || part.includes(column));
}

function partsOf(table: string): readonly ("*" | readonly string[])[] {
  return PARTS[table] ?? ["*"];
}

/** Merges the parts of each message of a row. */
function joined(
  row: string,
  [first = [], ...others]: readonly (readonly PreviewedChange[])[],
): PreviewedChange[] {
  const kinds = (part: readonly PreviewedChange[]) => part.map(({ kind }) => kind);
  for (const part of others) assert.equal(kinds(part), kinds(first), `the parts of ${row}`);
  return first.map(({ kind, properties }, index) => ({
    kind,
    properties: Object.assign({}, properties, ...others.map((part) => part[index]?.properties)),
  }));
}

function configuration({ prefix, keys, tables, schemaless, model, settings, columnName }: Case) {
  const names = Object.keys(keys).map((table) => ({ table, id: table.replaceAll(" ", "_") }));
  return {
    name: "agreement",
    segment: { writeKey: "none" },
    ...settings,
    models: Object.fromEntries(
      names.map(({ table, id }) => {
        const columns = schemaless ? { columns: declared(tables[table] ?? {}) } : {};
        return [id, { topic: prefix + id, ...columns, ...model }];
      }),
    ),
    syncs: Object.fromEntries(
      names.flatMap(({ table, id }) =>
        partsOf(table).map((properties, part) => {
          const kinds: readonly Kind[] = ["added", "changed", "removed"];
          const sync = {
            model: id,
            type: "track",
            userId: (columnName ?? String)(keys[table]?.[0] ?? ""),
            events: Object.fromEntries(kinds.map((kind) => [kind, `${kind} ${table} ${part}`])),
            properties,
            watch: "*",
            initialResults: "send",
          };
          return [`${id}${part}`, sync];
        }),
      ),
    ),
  };
}

function declared(types: Tables[string]): object {
  const columns = Object.entries(types).map(([column, type]) => [
    column,
    columnType(type).declared,
  ]);
  return Object.fromEntries(columns.filter(([, type]) => type !== undefined));
}
