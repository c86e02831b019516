import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cdcToSegment } from "../support/command-line.ts";
import { expectedKinds, type Kind, nameOfRow } from "../support/truth.ts";

/**
 * Every added, changed and removed of a recorded run, per row and in order, and none more: `preview` against what
 * triggers in the database logged. What cannot agree is named here, with its reason.
 */

type Case = {
  readonly name: string;
  readonly prefix: string;
  /** Key columns of each table; a table that is not named has no key. */
  readonly keys: { readonly [table: string]: readonly string[] };
  readonly records?: string;
  /** Tables left out, and why. */
  readonly leftOut?: { readonly [table: string]: string };
  /** What Kafka cannot tell, per row: the kinds to expect instead, and why. */
  readonly invisible?: {
    readonly [row: string]: { readonly kinds: readonly Kind[]; readonly why: string };
  };
};

const POSTGRES_KEYS = {
  users: ["id"],
  subscriptions: ["user_id", "product"],
  devices: ["id"],
  settings: ["name"],
  "Weird Names": ["userId"],
  types_zoo: ["id"],
  toasty: ["id"],
};

const DEFAULT_OF_NEW_COLUMN = {
  "users 9": {
    kinds: ["added", "changed", "changed", "changed", "changed"] as const,
    why: "ADD COLUMN … DEFAULT writes no event, so without a schema the column's first sight, in a no-op update, is a difference",
  },
};

const DELETED_WHILE_AWAY = "a re-snapshot never shows rows deleted while the connector was away";

const CASES: readonly Case[] = [
  {
    name: "pg-json-schemaless",
    prefix: "pgjson.public.",
    keys: POSTGRES_KEYS,
    invisible: DEFAULT_OF_NEW_COLUMN,
  },
  { name: "pg-json-schema", prefix: "pgschema.public.", keys: POSTGRES_KEYS },
  {
    name: "pg-flattened",
    prefix: "pgflat.public.",
    keys: POSTGRES_KEYS,
    leftOut: {
      devices: "flattening drops its truncate",
      subscriptions: "flattening drops its truncate",
    },
    invisible: DEFAULT_OF_NEW_COLUMN,
  },
  {
    name: "pg-null-default",
    prefix: "pgnd.public.",
    keys: { users: ["id"] },
    invisible: {
      "users 3": { kinds: ["added"], why: "numeric NaN arrives as null" },
      "users 4": { kinds: ["added"], why: "NULL arrives as the column's default" },
    },
  },
  {
    name: "pg-resnapshot",
    prefix: "pgresnap.public.",
    keys: { users: ["id"], accounts: ["org", "no"] },
    invisible: {
      "users 20": {
        kinds: ["added", "changed"],
        why: "deleted and inserted again while the connector was away",
      },
      ...Object.fromEntries(
        [
          "users 21",
          "users 22",
          "users 23",
          "users 24",
          "users 25",
          "users 26",
          "users 27",
          "users 28",
          "users 29",
          "users 40",
          "accounts org1,1",
        ].map((row) => [row, { kinds: ["added"], why: DELETED_WHILE_AWAY }] as const),
      ),
    },
  },
  {
    name: "mariadb-json-schemaless",
    prefix: "mar.inventory.",
    keys: {
      customers: ["id"],
      addresses: ["id"],
      products: ["id"],
      orders: ["order_number"],
      late_table: ["id"],
    },
    leftOut: {
      products_on_hand:
        "its rows change by ON … CASCADE, for which MariaDB runs no triggers: the log lacks them",
    },
  },
  {
    name: "pg-inventory-live",
    prefix: "saas.public.",
    keys: { users: ["id"], subscriptions: ["id"] },
    records: "config/demo/feed.ndjson.gz",
  },
];

const agreement = suite("preview agrees with the database");
const folder = mkdtempSync(join(tmpdir(), "agreement-"));
agreement.after(() => rmSync(folder, { recursive: true }));

for (const { name, prefix, keys: all, records, leftOut = {}, invisible = {} } of CASES) {
  agreement(name, async () => {
    const keys = Object.fromEntries(Object.entries(all).filter(([table]) => !leftOut[table]));
    const config = join(folder, `${name}.json`);
    writeFileSync(config, JSON.stringify(configuration(prefix, keys)));
    const input = records ?? `test/fixtures/${name}/records.ndjson.gz`;
    const { code, stdout, stderr } = await cdcToSegment(["preview", "--config", config, input]);
    assert.is(code, 0, stderr);
    assert.match(stderr, /^\s+0 {2}records and messages set aside/m);

    const expected = expectedKinds(name, keys);
    for (const [row, { kinds }] of Object.entries(invisible)) {
      assert.not.equal(expected.get(row), kinds, `${row} agrees by itself: take it off the list`);
      expected.set(row, [...kinds]);
    }
    assert.equal(sorted(kindsOf(stdout, keys)), sorted(expected));
  });
}

/** A sync for each table that watches every column and sends the key, with the kind as the event's name. */
function configuration(prefix: string, keys: Case["keys"]): object {
  const names = Object.entries(keys).map(([table, key]) => ({
    table,
    key,
    id: table.replaceAll(" ", "_"),
  }));
  return {
    name: "agreement",
    segment: { writeKey: "none" },
    models: Object.fromEntries(names.map(({ id }) => [id, { topic: prefix + id }])),
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

agreement.run();
