import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import { assertAgreement, POSTGRES_KEYS } from "../support/agreement.ts";
import type { Case } from "../support/agreement-case.ts";
import {
  DEFAULT_FOR_NULL,
  OF_POSTGRES,
  OF_SCHEMALESS_POSTGRES,
  STAYED_UNDER_THE_OLD_KEY,
} from "../support/lost-values.ts";
import {
  LIVE_TABLES,
  MARIADB_TABLES,
  NULL_DEFAULT_TABLES,
  POSTGRES_TABLES,
  RESNAPSHOT_TABLES,
} from "../support/recorded-tables.ts";

/**
 * Every added, changed and removed of a recorded run, per row and in order, and none more: `preview` against what
 * triggers in the database logged. What cannot agree is named here, with its reason.
 */

const DEFAULT_OF_NEW_COLUMN = {
  "users 9": {
    kinds: ["added", "changed", "changed", "changed", "changed"] as const,
    why: "ADD COLUMN … DEFAULT writes no event, so without a schema the column's first sight, in a no-op update, is a difference",
  },
};

const TRUNCATES_NOT_LOGGED =
  "MariaDB runs no triggers for TRUNCATE, which removed this row: the log lacks it";

const DELETED_WHILE_AWAY = "a re-snapshot never shows rows deleted while the connector was away";

const RECREATED_WHILE_AWAY = {
  kinds: ["added", "changed"] as const,
  why: "deleted and inserted again while the connector was away",
};

/** Recordings in which primary keys change, and what of it Kafka cannot tell. */
const CHANGE_KEYS: { readonly [name: string]: Case["invisible"] } = {
  "pg-json-schemaless": {},
  "pg-json-schema": {},
  "pg-flattened": {},
  "mariadb-json-schemaless": {
    "products_on_hand 101,C": { kinds: ["changed", "removed"], why: TRUNCATES_NOT_LOGGED },
  },
};

const CASES: readonly Case[] = [
  {
    name: "pg-json-schemaless",
    otherValues: { ...OF_SCHEMALESS_POSTGRES, ...STAYED_UNDER_THE_OLD_KEY },
    tables: POSTGRES_TABLES,
    schemaless: true,
    prefix: "pgjson.public.",
    keys: POSTGRES_KEYS,
    invisible: DEFAULT_OF_NEW_COLUMN,
  },
  {
    name: "pg-json-schema",
    otherValues: { ...OF_POSTGRES, ...STAYED_UNDER_THE_OLD_KEY },
    tables: POSTGRES_TABLES,
    schemaless: false,
    expectedData: "pg-json-schemaless",
    prefix: "pgschema.public.",
    keys: POSTGRES_KEYS,
  },
  {
    name: "pg-flattened",
    otherValues: { ...OF_SCHEMALESS_POSTGRES, ...STAYED_UNDER_THE_OLD_KEY },
    tables: POSTGRES_TABLES,
    schemaless: true,
    expectedData: "pg-json-schemaless",
    prefix: "pgflat.public.",
    keys: POSTGRES_KEYS,
    omitted: {
      devices: "flattening drops its truncate",
      subscriptions: "flattening drops its truncate",
    },
    invisible: DEFAULT_OF_NEW_COLUMN,
  },
  {
    name: "pg-null-default",
    otherValues: {
      "users plan": DEFAULT_FOR_NULL,
      "users seats": DEFAULT_FOR_NULL,
      "users ok": DEFAULT_FOR_NULL,
      "users at": DEFAULT_FOR_NULL,
    },
    tables: NULL_DEFAULT_TABLES,
    schemaless: true,
    prefix: "pgnd.public.",
    keys: { users: ["id"] },
    invisible: {
      "users 3": { kinds: ["added"], why: "numeric NaN arrives as null" },
      "users 4": { kinds: ["added"], why: "NULL arrives as the column's default" },
    },
  },
  {
    name: "pg-resnapshot",
    tables: RESNAPSHOT_TABLES,
    schemaless: true,
    prefix: "pgresnap.public.",
    keys: { users: ["id"], accounts: ["org", "no"] },
    invisible: {
      "users 20": RECREATED_WHILE_AWAY,
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
    otherValues: {
      "products 101 u64": "beyond 2^63 only bigint.unsigned.handling.mode=precise",
      "products 111 u64": "beyond 2^63 only bigint.unsigned.handling.mode=precise",
      "products size": DEFAULT_FOR_NULL,
      "products loc": "a point arrives as a struct; integration/types.test.ts holds it",
    },
    tables: MARIADB_TABLES,
    schemaless: true,
    prefix: "mar.inventory.",
    keys: {
      customers: ["id"],
      addresses: ["id"],
      products: ["id"],
      orders: ["order_number"],
      late_table: ["id"],
      products_on_hand: ["product_id", "warehouse"],
    },
    invisible: {
      "products_on_hand 101,B": { kinds: ["added", "removed"], why: TRUNCATES_NOT_LOGGED },
      "products_on_hand 101,C": { kinds: ["added", "removed"], why: TRUNCATES_NOT_LOGGED },
      "products_on_hand 102,A": {
        kinds: ["added", "removed", "added", "changed", "removed"],
        why: TRUNCATES_NOT_LOGGED,
      },
      "products_on_hand 103,A": { kinds: ["added", "removed"], why: TRUNCATES_NOT_LOGGED },
      "products_on_hand 104,A": { kinds: ["added", "removed"], why: TRUNCATES_NOT_LOGGED },
    },
  },
  {
    name: "pg-inventory-live",
    tables: LIVE_TABLES,
    schemaless: true,
    prefix: "saas.public.",
    keys: { users: ["id"], subscriptions: ["id"] },
    records: "config/demo/feed.ndjson.gz",
  },
];

const agreement = suite("preview agrees with the database");
const directory = mkdtempSync(join(tmpdir(), "agreement-"));
agreement.after(() => rmSync(directory, { recursive: true }));

for (const recorded of CASES) agreement(recorded.name, () => assertAgreement(recorded, directory));

for (const recorded of CASES.filter(({ name }) => Object.hasOwn(CHANGE_KEYS, name))) {
  const invisible = { ...recorded.invisible, ...CHANGE_KEYS[recorded.name] };
  const known = new Set(Object.keys(STAYED_UNDER_THE_OLD_KEY));
  const otherValues = Object.fromEntries(
    Object.entries(recorded.otherValues ?? {}).filter(([value]) => !known.has(value)),
  );
  const model = { keyChange: "changed" as const };
  const asOne = { ...recorded, invisible, otherValues, model };
  agreement(`${recorded.name}, changed keys as one`, () => assertAgreement(asOne, directory));
}

agreement("pg-resnapshot, reconciled", () => {
  const recorded = CASES.find(({ name }) => name === "pg-resnapshot") as Case;
  const invisible = { "users 20": RECREATED_WHILE_AWAY };
  return assertAgreement({ ...recorded, invisible, model: { reconcile: true } }, directory);
});

agreement.run();
