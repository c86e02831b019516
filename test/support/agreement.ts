import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { cdcToSegment } from "./command-line.ts";
import { expectedKinds, type Kind, nameOfRow } from "./truth.ts";

/** A recorded run, and what of it Kafka cannot tell. */
export type Case = {
  readonly name: string;
  readonly prefix: string;
  /** Key columns of each table; a table that is not named has no key. */
  readonly keys: { readonly [table: string]: readonly string[] };
  readonly records?: string;
  /** The fixture whose log of the database it shares; default: its own. */
  readonly truth?: string;
  /** Settings beside models and syncs. */
  readonly settings?: object;
  /** Settings of every model beside its topic. */
  readonly model?: { readonly keyChange?: "changed"; readonly reconcile?: boolean };
  /** Tables left out, and why. */
  readonly leftOut?: { readonly [table: string]: string };
  /** What Kafka cannot tell, per row: the kinds to expect instead, and why. */
  readonly invisible?: {
    readonly [row: string]: { readonly kinds: readonly Kind[]; readonly why: string };
  };
};

/** The tables of the main PostgreSQL scenario, which was recorded in several formats. */
export const POSTGRES_KEYS = {
  users: ["id"],
  subscriptions: ["user_id", "product"],
  devices: ["id"],
  settings: ["name"],
  "Weird Names": ["userId"],
  types_zoo: ["id"],
  toasty: ["id"],
};

/** Holds what `preview` prints against what triggers in the database logged. */
export async function assertAgreement(of: Case, folder: string): Promise<void> {
  const {
    name,
    prefix,
    leftOut = {},
    invisible = {},
    truth = name,
    settings = {},
    model = {},
  } = of;
  const keys = Object.fromEntries(Object.entries(of.keys).filter(([table]) => !leftOut[table]));
  const config = join(folder, `${name}.json`);
  writeFileSync(config, JSON.stringify({ ...configuration(prefix, keys, model), ...settings }));
  const input = of.records ?? `test/fixtures/${name}/records.ndjson.gz`;
  const { code, stdout, stderr } = await cdcToSegment(["preview", "--config", config, input]);
  assert.is(code, 0, stderr);
  assert.match(stderr, /^\s+0 {2}records and messages set aside/m);

  const expected = expectedKinds(truth, keys, model.keyChange ?? "removed and added");
  for (const [row, { kinds }] of Object.entries(invisible)) {
    assert.not.equal(expected.get(row), kinds, `${row} agrees by itself: take it off the list`);
    expected.set(row, [...kinds]);
  }
  assert.equal(sorted(kindsOf(stdout, keys)), sorted(expected));
}

/** A sync for each table that watches every column and sends the key, with the kind as the event's name. */
function configuration(prefix: string, keys: Case["keys"], model: object): object {
  const names = Object.entries(keys).map(([table, key]) => ({
    table,
    key,
    id: table.replaceAll(" ", "_"),
  }));
  return {
    name: "agreement",
    segment: { writeKey: "none" },
    models: Object.fromEntries(names.map(({ id }) => [id, { topic: prefix + id, ...model }])),
    syncs: Object.fromEntries(
      names.map(({ table, key, id }) => [
        id,
        {
          model: id,
          type: "track",
          userId: key[0],
          events: { added: "added", changed: "changed", removed: "removed" },
          properties: {
            ...Object.fromEntries(key.map((column) => [column, column])),
            table: { value: table },
          },
          watch: "*",
          initialResults: "send",
        },
      ]),
    ),
  };
}

function kindsOf(stdout: string, keys: Case["keys"]): Map<string, Kind[]> {
  const kinds = new Map<string, Kind[]>();
  for (const line of stdout.trim().split("\n")) {
    const { event, properties } = JSON.parse(line) as {
      event: Kind;
      properties: { table: string };
    };
    const row = nameOfRow(properties.table, keys[properties.table] ?? [], properties);
    kinds.set(row, [...(kinds.get(row) ?? []), event]);
  }
  return kinds;
}

function sorted(kinds: Map<string, readonly Kind[]>): string {
  return [...kinds]
    .map(([row, list]) => `${row}: ${list.join(" ")}`)
    .toSorted()
    .join("\n");
}
