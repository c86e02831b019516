import { type Case, DECLARED_DECIMAL, type Exception, LOST, type Mode } from "./case.ts";

export const MARIADB_MODES: readonly Mode[] = [
  {
    time: "adaptive_time_microseconds",
    decimal: "precise",
    binary: "bytes",
    unsigned: "long",
  },
  { time: "connect", decimal: "double", binary: "hex", unsigned: "precise" },
  { time: "isostring", decimal: "string", binary: "base64", unsigned: "precise" },
  { time: "microseconds", decimal: "precise", binary: "base64-url-safe", unsigned: "precise" },
  { time: "nanoseconds", decimal: "string", binary: "bytes", unsigned: "long" },
];

const instant = (column: string) =>
  `CONCAT(REGEXP_REPLACE(DATE_FORMAT(${column}, '%Y-%m-%dT%H:%i:%s.%f'), '0{1,3}$', ''), 'Z')`;

const milliseconds = (column: string): Exception => ({
  when: ({ time }) => time === "connect",
  sql: instant(`TRUNCATE(CAST(${column} AS DATETIME(3)), 3)`),
  why: "Connect's types count milliseconds",
});

const clock = (column: string) =>
  `REGEXP_REPLACE(CAST(${column} AS CHAR), '[.]0+$|([.][0-9]*[1-9])0+$', '\\\\1')`;

/** MariaDB's TIME is a duration of up to 838 hours, positive or negative. */
const timesOfDay = (column: string): readonly Exception[] => [
  {
    when: ({ time }) => time === "connect",
    sql: `IF(${column} BETWEEN '00:00:00' AND '24:00:00', ${clock(`CAST(${column} AS TIME(3))`)}, NULL)`,
    why: "Connect's Time is a time of day in milliseconds: Debezium writes null for other values",
  },
  {
    when: ({ time }) => time === "isostring",
    sql: `CASE WHEN ${column} = '24:00:00' THEN '00:00:00'
      WHEN ${column} BETWEEN '00:00:00' AND '24:00:00' THEN ${clock(column)} END`,
    why: "the text is a time of day: Debezium writes null for other values, and 24:00 as 00:00",
  },
];

const double = (column: string): Exception => ({
  when: ({ decimal }) => decimal === "double",
  sql: `CAST(${column} AS DOUBLE)`,
  why: "Debezium converts it to a double",
});

const bytes = (column: string): Pick<Case, "sql" | "except"> => ({
  sql: `TO_BASE64(${column})`,
  except: [
    {
      when: ({ binary }) => binary === "hex",
      sql: `LOWER(HEX(${column}))`,
      why: "the record's schema has a text, without its hexadecimal encoding",
    },
    {
      when: ({ binary }) => binary === "base64-url-safe",
      sql: `REPLACE(REPLACE(TO_BASE64(${column}), '+', '-'), '/', '_')`,
      why: "the record's schema has a text, without its base64 encoding",
    },
  ],
});

export const MARIADB_CASES: readonly Case[] = [
  { column: "ti", type: "tinyint", values: ["-128", "127", "0"] },
  { column: "tiu", type: "tinyint unsigned", values: ["255", "0"] },
  { column: "bo", type: "boolean", values: ["true", "false"] },
  { column: "si", type: "smallint", values: ["-32768", "32767"] },
  { column: "siu", type: "smallint unsigned", values: ["65535"] },
  { column: "mi", type: "mediumint", values: ["-8388608"] },
  { column: "miu", type: "mediumint unsigned", values: ["16777215"] },
  { column: "i4", type: "int", values: ["-2147483648", "2147483647"] },
  { column: "iu", type: "int unsigned", values: ["4294967295"] },
  {
    column: "i8",
    type: "bigint",
    values: ["9007199254740991", "9007199254740993", "-9223372036854775808", "9223372036854775807"],
  },
  {
    column: "i8u",
    type: "bigint unsigned",
    values: ["18446744073709551615", "9223372036854775808", "9007199254740993", "7"],
    except: [
      {
        when: ({ unsigned }) => unsigned === "long",
        sql: "CAST(i8u AS SIGNED)",
        why: "bigint.unsigned.handling.mode long is signed: numbers from 2^63 become negative",
      },
    ],
  },
  {
    column: "n_scale",
    type: "decimal(10,2)",
    values: ["123.45", "-0.01", "0", "1.50", "-99999999.99"],
    declared: DECLARED_DECIMAL,
  },
  {
    column: "n_huge",
    type: "decimal(60,20)",
    values: ["1234567890123456789012345678901234567890.12345678901234567890", "-0.1", "2"],
    declared: DECLARED_DECIMAL,
    except: [double("n_huge")],
  },
  {
    column: "n_whole",
    type: "decimal(20,0) unsigned",
    values: ["9007199254740993", "7"],
    declared: DECLARED_DECIMAL,
    except: [double("n_whole")],
  },
  {
    column: "b64",
    type: "bit(64)",
    values: ["b'1'"],
    sql: "IF(b64 IS NULL, NULL, 'AQAAAAAAAAA=')",
  },
  { column: "f4", type: "float", values: ["1.1", "-0.5", "5", "0"] },
  { column: "f8", type: "double", values: ["0.1", "1e21", "1.7976931348623157e308", "-5"] },
  {
    column: "b1",
    type: "bit(1)",
    values: ["b'1'", "b'0'"],
    sql: "JSON_EXTRACT(IF(b1 IS NULL, NULL, IF(b1, 'true', 'false')), '$')",
  },
  {
    column: "b12",
    type: "bit(12)",
    values: ["b'000100000010'"],
    // Debezium writes bits as little-endian bytes.
    sql: "IF(b12 IS NULL, NULL, TO_BASE64(CHAR(b12 & 255, b12 >> 8)))",
  },
  { column: "ch", type: "char(5)", values: ["'ab'", "'abcde'"] },
  { column: "vc", type: "varchar(40)", values: ["'ünï 🐘'", "''", `'a\\tb\\\\c"d'`] },
  { column: "lat", type: "varchar(10) CHARACTER SET latin1", values: ["'üñ€'"] },
  { column: "ltx", type: "longtext", values: ["REPEAT('ab', 40)"] },
  { column: "tx", type: "text", values: ["'two\\nlines'", "''", "'5'"] },
  { column: "bin", type: "binary(4)", values: ["x'00fbff10'", "x'41'"], ...bytes("bin") },
  { column: "vbin", type: "varbinary(8)", values: ["x'00fbff10'", "''"], ...bytes("vbin") },
  { column: "bl", type: "blob", values: ["x'00fbff10'", "x'ff'"], ...bytes("bl") },
  {
    column: "d",
    type: "date",
    values: ["'2024-02-29'", "'1969-12-31'", "'9999-12-31'", "'1000-01-01'"],
  },
  {
    column: "d_zero",
    type: "date",
    values: ["'0000-00-00'", "'2024-00-00'"],
    except: [{ when: () => true, sql: "NULL", why: "invalid date: Debezium writes null" }],
  },
  {
    column: "d_zero_nn",
    type: "date NOT NULL DEFAULT '0000-00-00'",
    values: [],
    except: [
      {
        when: () => true,
        sql: "'1970-01-01'",
        why: "invalid date in a NOT NULL column: Debezium writes its minimum",
      },
    ],
  },
  {
    column: "t0",
    type: "time",
    values: ["'07:30:00'", "'-838:59:59'", "'838:59:59'"],
    sql: clock("t0"),
    except: timesOfDay("t0"),
  },
  {
    column: "t6",
    type: "time(6)",
    values: ["'07:30:00.123456'", "'-00:00:01.5'", "'24:00:00'"],
    sql: clock("t6"),
    except: timesOfDay("t6"),
  },
  {
    column: "dt0",
    type: "datetime",
    values: ["'2024-02-29 12:34:56'", "'1969-12-31 23:59:59'"],
    sql: instant("dt0"),
  },
  {
    column: "dt3",
    type: "datetime(3)",
    values: ["'2024-02-29 12:34:56.120'", "'1969-12-31 23:59:59.999'"],
    sql: instant("dt3"),
  },
  {
    column: "dt6",
    type: "datetime(6)",
    values: [
      "'2024-02-29 12:34:56.123456'",
      "'1969-12-31 23:59:59.999999'",
      "'2024-01-01 00:00:00.1234'",
    ],
    sql: instant("dt6"),
    except: [milliseconds("dt6")],
  },
  {
    column: "dt_far",
    type: "datetime(6)",
    values: ["'1000-01-01'", "'9999-12-31 23:59:59.999999'"],
    sql: instant("dt_far"),
    except: [
      milliseconds("dt_far"),
      {
        when: ({ time }) => time === "nanoseconds",
        sql: LOST,
        why: "64 bits of nanoseconds cover 1677 to 2262",
      },
    ],
  },
  {
    column: "ts0",
    type: "timestamp NULL",
    values: ["'2024-02-29 12:34:56'", "'2038-01-19 03:14:07'"],
    sql: instant("ts0"),
  },
  {
    column: "ts6",
    type: "timestamp(6) NULL",
    values: ["'2024-02-29 12:34:56.123456'", "'2024-01-01 00:00:00.1'"],
    sql: instant("ts6"),
  },
  { column: "y", type: "year", values: ["2024", "1901"], sql: "CAST(y AS SIGNED)" },
  {
    column: "en",
    type: "enum('a','b,c','d')",
    values: ["'b,c'", "'a'"],
    except: [
      {
        when: ({ streamed }) => streamed,
        sql: "REPLACE(en, ',', CONCAT(CHAR(92), ','))",
        why: "Debezium escapes the comma in values of the binlog, but not of the snapshot",
      },
    ],
  },
  { column: "st", type: "set('x','y','z')", values: ["'x,z'", "''"] },
  {
    column: "js",
    type: "json",
    values: [
      `'{"b":1, "a":[1,null,"x"], "big":9007199254740993, "d":1.50}'`,
      "'null'",
      "'[1,2]'",
      `'"text"'`,
      "'5'",
    ],
    sql: "JSON_EXTRACT(js, '$')",
    declared: {
      when: () => true,
      type: "json",
      why: "MariaDB's JSON is a longtext with a check, and the schema has a longtext",
    },
  },
  { column: "uu", type: "uuid", values: ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"] },
  {
    column: "pt",
    type: "point",
    values: ["ST_GeomFromText('POINT(1.5 -2)')"],
    sql: `IF(pt IS NULL, NULL, JSON_OBJECT('x', ST_X(pt), 'y', ST_Y(pt), 'srid', NULL, 'wkb', TO_BASE64(ST_AsWKB(pt))))`,
  },
  {
    column: "gm",
    type: "geometry",
    values: ["ST_GeomFromText('LINESTRING(0 0,1 1)', 4326)"],
    sql: `IF(gm IS NULL, NULL, JSON_OBJECT('srid', ST_SRID(gm), 'wkb', TO_BASE64(ST_AsWKB(gm))))`,
  },
  { column: "gen", type: "int AS (si * 2) STORED", values: [] },
  { column: "virt", type: "int AS (si + 1) VIRTUAL", values: [] },
  {
    column: "fallback",
    type: "varchar(20) DEFAULT 'fallback'",
    values: ["'given'"],
    sql: "COALESCE(fallback, 'fallback')",
  },
];
