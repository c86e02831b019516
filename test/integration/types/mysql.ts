import type { Case } from "./case.ts";
import { MARIADB_CASES } from "./mariadb.ts";

/** SQL that differs between MariaDB and MySQL 8.0. */
const DIALECT: readonly (readonly [mariadb: RegExp, mysql: string])[] = [
  [/\\\\1/g, "$1"],
  [/CAST\((\w+) AS DOUBLE\)/g, "($1 + 0e0)"],
  // MySQL's TRUNCATE accepts only numbers.
  [/TRUNCATE\(CAST\((\w+) AS DATETIME\(3\)\), 3\)/g, "TIMESTAMP(LEFT(CAST($1 AS CHAR), 23))"],
];

const inMySql = (sql: string) =>
  DIALECT.reduce((text, [mariadb, mysql]) => text.replace(mariadb, mysql), sql);

/** The types that both have: all but UUID. */
export const MYSQL_CASES: readonly Case[] = MARIADB_CASES.filter(({ type }) => type !== "uuid").map(
  (one) => ({
    ...one,
    ...(one.sql === undefined ? {} : { sql: inMySql(one.sql) }),
    // MySQL converts a float to JSON with the digits of a double, to text with its own digits.
    ...(one.type === "float" ? { sql: `CAST(CAST(${one.column} AS CHAR) AS DECIMAL(20,5))` } : {}),
    ...(one.except === undefined
      ? {}
      : {
          except: one.except.map((exception) => ({
            ...exception,
            sql: typeof exception.sql === "string" ? inMySql(exception.sql) : exception.sql,
          })),
        }),
  }),
);
