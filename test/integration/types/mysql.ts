import type { Case } from "./case.ts";
import { MARIADB_CASES } from "./mariadb.ts";

/** What MySQL 8.0 says in other words than MariaDB does. */
const DIALECT: readonly (readonly [mariadb: RegExp, mysql: string])[] = [
  [/\\\\1/g, "$1"],
  [/CAST\((\w+) AS DOUBLE\)/g, "($1 + 0e0)"],
  // MySQL's TRUNCATE is one of numbers.
  [/TRUNCATE\(CAST\((\w+) AS DATETIME\(3\)\), 3\)/g, "TIMESTAMP(LEFT(CAST($1 AS CHAR), 23))"],
];

const inMySql = (sql: string) =>
  DIALECT.reduce((text, [mariadb, mysql]) => text.replace(mariadb, mysql), sql);

/** The types that MariaDB has too: all but its UUID. */
export const MYSQL_CASES: readonly Case[] = MARIADB_CASES.filter(({ type }) => type !== "uuid").map(
  (one) => ({
    ...one,
    ...(one.sql === undefined ? {} : { sql: inMySql(one.sql) }),
    // As JSON MySQL writes a float out as the double that it is; as text, as what was written.
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
