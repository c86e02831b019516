import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MYSQL_RUNS_HERE } from "../stack/mysql.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { cdcToSegment } from "../support/command-line.ts";
import { exactJson } from "../support/exact-json.ts";
import { topicHolds } from "../support/topics.ts";
import {
  type Case,
  databaseValue,
  type Exception,
  exceptionOf,
  expectation,
  LOST,
  type Mode,
} from "./types/case.ts";
import { MARIADB_CASES, MARIADB_MODES } from "./types/mariadb.ts";
import { MYSQL_CASES } from "./types/mysql.ts";
import { POSTGRES_CASES, POSTGRES_MODES, POSTGRES_PREPARATION } from "./types/postgres.ts";

/**
 * Every type of PostgreSQL, MariaDB and MySQL, through Debezium in each of its modes, `record` and `preview`. What has to come
 * out is asked from the database, in SQL.
 */

/** Rows from here on are written while the connectors stream; those before it come with the snapshot. */
const STREAMED = 100;

type Database = {
  readonly name: string;
  readonly modes: readonly Mode[];
  readonly cases: readonly Case[];
  readonly sql: (text: string) => Promise<string>;
  readonly valuesQuery: (columns: ReadonlyMap<string, string>) => string;
  readonly schema: string;
};

const POSTGRES: Database = {
  name: "postgres",
  modes: POSTGRES_MODES,
  cases: POSTGRES_CASES,
  sql: (text) => stack.sql(text),
  valuesQuery: (columns) => {
    const list = [...columns].map(([name, sql]) => `${sql} AS "${name}"`).join(", ");
    return `SELECT row_to_json(t) FROM (SELECT id, ${list} FROM types) t`;
  },
  schema: "public",
};

const MARIADB: Database = {
  name: "mariadb",
  modes: MARIADB_MODES,
  cases: MARIADB_CASES,
  // Not strict, as tables with dates such as 0000-00-00 were written.
  sql: (text) => stack.mariadb.sql(`SET sql_mode = ''; ${text}`),
  valuesQuery: (columns) => {
    const list = [...columns].map(([name, sql]) => `'${name}', ${sql}`).join(", ");
    return `SELECT JSON_OBJECT('id', id, ${list}) FROM types`;
  },
  schema: "app",
};

const MYSQL: Database = {
  ...MARIADB,
  name: "mysql",
  cases: MYSQL_CASES,
  sql: (text) => stack.mysql.sql(`SET sql_mode = ''; ${text}`),
};

const DATABASES = MYSQL_RUNS_HERE ? [POSTGRES, MARIADB, MYSQL] : [POSTGRES, MARIADB];

const directory = mkdtempSync(join(tmpdir(), "types-"));
const test = suite("types");
let stack: Stack;
/** `topic id` → the traits that `preview` printed. */
const traits = new Map<string, { readonly [column: string]: unknown }>();
/** `database id` → what the database says, by the SQL it was asked with. */
const expectedData = new Map<string, { readonly [sql: string]: unknown }>();

test.before(async () => {
  const mysql = MYSQL_RUNS_HERE;
  stack = await startStack({ connect: true, postgres: true, mariadb: true, mysql });
});

test.after(async () => {
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

test("every row should arrive, and none be a dead letter", async () => {
  await stack.sql(POSTGRES_PREPARATION);
  for (const database of DATABASES) {
    await database.sql(tableOf(database));
    await database.sql(insertsOf(database, 1));
  }
  await Promise.all(
    DATABASES.flatMap((database) =>
      database.modes.map((mode, index) =>
        stack.createConnector(prefixOf(database, index), connectorOf(database, mode, index)),
      ),
    ),
  );
  await recordsInTopics(1);
  for (const database of DATABASES) await database.sql(insertsOf(database, STREAMED));
  await recordsInTopics(2);
  for (const database of DATABASES) await readExpectedData(database);
  await readTraits();
});

for (const database of DATABASES) {
  for (const [index, mode] of database.modes.entries()) {
    const settings = Object.values(mode).join(", ");
    for (const one of database.cases) {
      test(`${database.name} ${one.column} ${one.type}: ${settings}`, () => {
        assert.equal(differences(database, index, mode, one), []);
      });
    }
  }
}

test("every exception should be needed", () => {
  const needless = DATABASES.flatMap((database) =>
    database.cases.flatMap((one) =>
      (one.except ?? [])
        .filter((exception) => !changesAValue(database, one, exception))
        .map(({ why }) => `${database.name} ${one.column}: ${why}`),
    ),
  );
  assert.equal(needless, []);
});

function changesAValue(database: Database, one: Case, exception: Exception): boolean {
  const { sql } = exception;
  return database.modes.some((mode) =>
    idsOf(database).some((id) => {
      if (exceptionOf(one, { ...mode, streamed: id >= STREAMED }) !== exception) return false;
      if (sql === null || sql === LOST) return true;
      const expectedRow = expectedData.get(`${database.name} ${id}`) ?? {};
      return !isDeepStrictEqual(expectedRow[sql], expectedRow[databaseValue(one)]);
    }),
  );
}

/** Where a column's values in the rows of a topic are not the database's. */
function differences(database: Database, index: number, mode: Mode, one: Case): object[] {
  return idsOf(database).flatMap((id) => {
    const row = traits.get(`${topicOf(database, index)} ${id}`);
    assert.ok(row, `row ${id} of ${topicOf(database, index)} was not printed`);
    const sql = expectation(one, { ...mode, streamed: id >= STREAMED });
    const expectedRow = expectedData.get(`${database.name} ${id}`) ?? {};
    const seen = row[one.column];
    if (sql === LOST) {
      const value = expectedRow[databaseValue(one)];
      return value === null || !isDeepStrictEqual(seen, value)
        ? []
        : [{ id, seen, expected: LOST }];
    }
    const expected = sql === null ? undefined : expectedRow[sql];
    return isDeepStrictEqual(seen, expected) ? [] : [{ id, seen, expected }];
  });
}

function idsOf(database: Database): number[] {
  const rows = Array.from({ length: rowsOf(database) }, (_, row) => row);
  return [...rows.map((row) => 1 + row), ...rows.map((row) => STREAMED + row)];
}

/** One more than the longest list of values: the last row is NULL all over. */
function rowsOf({ cases }: Database): number {
  return 1 + Math.max(...cases.map(({ values }) => values.length));
}

function tableOf({ cases }: Database): string {
  const columns = cases.map(({ column, type }) => `${column} ${type}`);
  return `CREATE TABLE types (id int PRIMARY KEY, ${columns.join(", ")})`;
}

function insertsOf(database: Database, firstId: number): string {
  const written = database.cases.filter(({ values }) => values.length > 0);
  const columns = ["id", ...written.map(({ column }) => column)].join(", ");
  const rows = Array.from({ length: rowsOf(database) }, (_, row) => {
    const values = written.map(({ values }) => values[row] ?? "NULL");
    return `INSERT INTO types (${columns}) VALUES (${[firstId + row, ...values].join(", ")});`;
  });
  return rows.join("\n");
}

function prefixOf({ name }: Database, index: number): string {
  return `${name}${index}`;
}

function topicOf(database: Database, index: number): string {
  return `${prefixOf(database, index)}.${database.schema}.types`;
}

function connectorOf(database: Database, mode: Mode, index: number) {
  const prefix = prefixOf(database, index);
  const converter = "org.apache.kafka.connect.json.JsonConverter";
  const settings = {
    "topic.prefix": prefix,
    "table.include.list": `${database.schema}.types`,
    "key.converter": converter,
    "value.converter": converter,
    "key.converter.schemas.enable": "true",
    "value.converter.schemas.enable": "true",
    "time.precision.mode": mode.time,
    "decimal.handling.mode": mode.decimal,
    "binary.handling.mode": mode.binary,
    ...(mode.interval ? { "interval.handling.mode": mode.interval } : {}),
    ...(mode.hstore ? { "hstore.handling.mode": mode.hstore } : {}),
    ...(mode.unsigned ? { "bigint.unsigned.handling.mode": mode.unsigned } : {}),
  };
  if (database === POSTGRES) {
    return stack.postgresConnector({
      ...settings,
      "slot.name": prefix,
      "publication.name": prefix,
      "publication.autocreate.mode": "filtered",
    });
  }
  const binlog = { ...settings, "database.server.id": String(5401 + index) };
  return database === MARIADB ? stack.mariadbConnector(binlog) : stack.mysqlConnector(binlog);
}

async function readExpectedData(database: Database): Promise<void> {
  const asked = new Set<string>();
  for (const one of database.cases) {
    asked.add(databaseValue(one));
    for (const mode of database.modes) {
      for (const streamed of [false, true]) {
        const sql = expectation(one, { ...mode, streamed });
        if (sql !== null && sql !== LOST) asked.add(sql);
      }
    }
  }
  const names = new Map([...asked].map((sql, index) => [`q${index}`, sql] as const));
  const lines = (await database.sql(`${database.valuesQuery(names)};`)).trim().split("\n");
  for (const line of lines) {
    const { id, ...row } = exactJson(line) as { readonly [name: string]: unknown };
    const expectedRow = Object.fromEntries([...names].map(([name, sql]) => [sql, row[name]]));
    expectedData.set(`${database.name} ${id}`, expectedRow);
  }
}

async function readTraits(): Promise<void> {
  const config = join(directory, "config.json");
  writeFileSync(config, JSON.stringify(configuration()));
  const recorded = await cdcToSegment(["record", "--config", config]);
  assert.is(recorded.code, 0, recorded.stderr);
  const file = join(directory, "recorded.ndjson");
  writeFileSync(file, recorded.stdout);
  const { code, stdout, stderr } = await cdcToSegment(["preview", "--config", config, file]);
  assert.is(code, 0, stderr);
  assert.match(stderr, /^\s+0 {2}records and messages sent to the dead letter queue/m);
  for (const line of stdout.trim().split("\n")) {
    const message = JSON.parse(line);
    traits.set(`${message.traits["the topic"]} ${message.userId}`, message.traits);
  }
}

function configuration(): object {
  const all = DATABASES.flatMap((database) =>
    database.modes.map((mode, index) => ({
      database,
      index,
      mode,
      name: prefixOf(database, index),
    })),
  );
  return {
    name: "types",
    kafka: { brokers: stack.kafka.brokers },
    segment: { writeKey: "none" },
    models: Object.fromEntries(
      all.map(({ name, database, index, mode }) => [
        name,
        { topic: topicOf(database, index), columns: declaredIn(database, mode) },
      ]),
    ),
    syncs: Object.fromEntries(
      all.map(({ name, database, index }) => [
        name,
        {
          model: name,
          type: "identify",
          userId: "id",
          traits: {
            ...Object.fromEntries(database.cases.map(({ column }) => [column, column])),
            "the topic": { value: topicOf(database, index) },
          },
        },
      ]),
    ),
  };
}

function declaredIn({ cases }: Database, mode: Mode): { [column: string]: string } {
  return Object.fromEntries(
    cases.flatMap(({ column, declared }) =>
      declared?.when(mode) ? [[column, declared.type] as const] : [],
    ),
  );
}

/** Waits until every topic holds the rows so many times. */
async function recordsInTopics(times: number): Promise<void> {
  for (const database of DATABASES) {
    for (const index of database.modes.keys()) {
      await topicHolds(stack.kafka, topicOf(database, index), times * rowsOf(database));
    }
  }
}

test.run();
