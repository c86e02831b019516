import { type Case, DECLARED_DECIMAL, type Exception, LOST, type Mode } from "./case.ts";

export const POSTGRES_MODES: readonly Mode[] = [
  { time: "adaptive", decimal: "precise", binary: "bytes", interval: "numeric", hstore: "json" },
  {
    time: "adaptive_time_microseconds",
    decimal: "string",
    binary: "base64",
    interval: "string",
    hstore: "map",
  },
  { time: "connect", decimal: "double", binary: "hex", interval: "numeric", hstore: "json" },
  { time: "isostring", decimal: "precise", binary: "bytes", interval: "string", hstore: "map" },
  { time: "microseconds", decimal: "string", binary: "bytes", interval: "numeric", hstore: "json" },
  {
    time: "nanoseconds",
    decimal: "double",
    binary: "base64-url-safe",
    interval: "string",
    hstore: "map",
  },
];

export const POSTGRES_PREPARATION = `
  CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree;
  CREATE TYPE mood AS ENUM ('sad', 'so-so', 'happy');
  CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
  CREATE DOMAIN price AS numeric(12,3);
  -- The bytes of a double, the lowest first, as WKB has them.
  CREATE FUNCTION low_first(f float8) RETURNS bytea LANGUAGE sql AS $$
    SELECT string_agg(substring(float8send(f) FROM n FOR 1), ''::bytea ORDER BY n DESC) FROM generate_series(1, 8) n
  $$;`;

const int64 = (column: string) =>
  `CASE WHEN abs(${column}::numeric) < 9007199254740992 THEN to_json(${column}) ELSE to_json(${column}::text) END`;

const instant = (column: string) => `
  CASE WHEN isfinite(${column})
  THEN regexp_replace(to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0{1,3}$', '') || 'Z' ELSE ${column}::text END`;

const utc = (column: string) => instant(`(${column} AT TIME ZONE 'UTC')`);

const MILLISECONDS: Exception["why"] = "Connect's types count milliseconds";

const milliseconds = (column: string): Exception => ({
  when: ({ time }) => time === "connect",
  sql: instant(`date_trunc('milliseconds', ${column})`),
  why: MILLISECONDS,
});

const OVERFLOW: Exception = {
  when: ({ time }) => time === "nanoseconds",
  sql: LOST,
  why: "64 bits of nanoseconds cover 1677 to 2262",
};

const julian = (column: string): Exception => ({
  when: ({ streamed }) => !streamed,
  sql: instant(`(${column} - interval '2 days')`),
  why: "the snapshot reads instants before 1582 in the Julian calendar, two days off in the year 2",
});

const double = (sql: string): Exception => ({
  when: ({ decimal }) => decimal === "double",
  sql,
  why: "Debezium converts it to a double",
});

const noNaN = (column: string): Exception => ({
  when: ({ decimal }) => decimal === "precise",
  sql: `CASE WHEN ${column}::text NOT IN ('NaN', 'Infinity', '-Infinity') THEN ${column} END`,
  why: "Connect's Decimal does not have these values: Debezium logs a warning and writes null",
});

const bytes = (column: string): Pick<Case, "sql" | "except"> => ({
  sql: `encode(${column}, 'base64')`,
  except: [
    {
      when: ({ binary }) => binary === "hex",
      sql: `encode(${column}, 'hex')`,
      why: "the record's schema has a text, without its hexadecimal encoding",
    },
    {
      when: ({ binary }) => binary === "base64-url-safe",
      sql: `translate(encode(${column}, 'base64'), '+/', '-_')`,
      why: "the record's schema has a text, without its base64 encoding",
    },
  ],
});

const list = (column: string, item: string) => `
  CASE WHEN ${column} IS NOT NULL
  THEN coalesce((SELECT json_agg(${item} ORDER BY n) FROM unnest(${column}) WITH ORDINALITY AS u(v, n)), '[]') END`;

export const POSTGRES_CASES: readonly Case[] = [
  { column: "bool", type: "boolean", values: ["true", "false"] },
  { column: "i2", type: "smallint", values: ["-32768", "32767", "0"] },
  { column: "i4", type: "integer", values: ["-2147483648", "2147483647", "0"] },
  {
    column: "i8",
    type: "bigint",
    values: [
      "9007199254740991",
      "9007199254740993",
      "-9007199254740993",
      "'-9223372036854775808'",
      "9223372036854775807",
      "0",
    ],
    sql: int64("i8"),
  },
  {
    column: "n_scale",
    type: "numeric(10,2)",
    values: ["123.45", "-0.01", "0", "1.50", "-99999999.99", "'NaN'"],
    declared: DECLARED_DECIMAL,
    except: [noNaN("n_scale")],
  },
  {
    column: "n_whole",
    type: "numeric(30)",
    values: ["9007199254740993", "-123456789012345678901234567890", "7"],
    declared: DECLARED_DECIMAL,
    except: [double("n_whole::float8")],
  },
  {
    column: "n_huge",
    type: "numeric(60,20)",
    values: ["1234567890123456789012345678901234567890.12345678901234567890", "-0.1", "2"],
    declared: DECLARED_DECIMAL,
    except: [double("n_huge::float8")],
  },
  {
    column: "n_free",
    type: "numeric",
    values: [
      "1.10",
      "-0.000000000000000000001",
      "1e40",
      "'NaN'",
      "'Infinity'",
      "-5",
      "0.1234567890123456789",
    ],
    declared: DECLARED_DECIMAL,
    except: [double("n_free::float8"), noNaN("n_free")],
  },
  {
    column: "f4",
    type: "real",
    values: ["1.1", "-3.4028235e38", "'NaN'", "'Infinity'", "0", "5", "16777216"],
  },
  {
    column: "f8",
    type: "double precision",
    values: ["0.1", "1e21", "'NaN'", "'-Infinity'", "1.7976931348623157e308", "5e-324", "-5"],
  },
  {
    column: "mo",
    type: "money",
    values: ["12.34", "-1000.5", "0"],
    sql: "mo::numeric",
    declared: DECLARED_DECIMAL,
  },
  {
    column: "dom_n",
    type: "price",
    values: ["1.250", "-7"],
    declared: DECLARED_DECIMAL,
  },
  { column: "ch", type: "char(5)", values: ["'ab'", "'abcde'"], sql: "rpad(ch::text, 5)" },
  { column: "vc", type: "varchar(40)", values: ["'ünï 🐘'", "''", "E'a\\tb\\\\c\"d'"] },
  { column: "tx", type: "text", values: ["E'two\\nlines'", "''", "'5'", "'null'"] },
  { column: "ci", type: "citext", values: ["'MiXed'"] },
  { column: "dom_t", type: "email", values: ["'a@b.example'"] },
  { column: "by", type: "bytea", values: ["'\\x00fbff10'", "''", "'\\xff'"], ...bytes("by") },
  {
    column: "d",
    type: "date",
    values: [
      "'2024-02-29'",
      "'1969-12-31'",
      "'0001-01-01'",
      "'9999-12-31'",
      "'infinity'",
      "'-infinity'",
    ],
    sql: "d::text",
  },
  {
    column: "t0",
    type: "time(0)",
    values: ["'07:30:00'", "'23:59:59'", "'00:00:00'"],
    sql: "t0::text",
  },
  { column: "t3", type: "time(3)", values: ["'07:30:00.120'", "'23:59:59.999'"], sql: "t3::text" },
  {
    column: "t6",
    type: "time",
    values: ["'07:30:00.123456'", "'23:59:59.999999'", "'07:30'"],
    sql: "t6::text",
    except: [
      {
        when: ({ time }) => time === "connect",
        sql: "date_trunc('milliseconds', t6)::time::text",
        why: MILLISECONDS,
      },
    ],
  },
  {
    column: "ttz",
    type: "timetz",
    values: ["'07:30:00+02'", "'23:59:59.123456-05:30'", "'00:00:00Z'"],
    sql: "replace((ttz AT TIME ZONE 'UTC')::text, '+00', 'Z')",
  },
  {
    column: "ts0",
    type: "timestamp(0)",
    values: ["'2024-02-29 12:34:56'", "'1969-12-31 23:59:59'"],
    sql: instant("ts0"),
  },
  {
    column: "ts3",
    type: "timestamp(3)",
    values: ["'2024-02-29 12:34:56.120'", "'1969-12-31 23:59:59.999'", "'1900-01-01'"],
    sql: instant("ts3"),
  },
  {
    column: "ts6",
    type: "timestamp",
    values: [
      "'2024-02-29 12:34:56.123456'",
      "'1969-12-31 23:59:59.999999'",
      "'2024-01-01 00:00:00.1234'",
    ],
    sql: instant("ts6"),
    except: [milliseconds("ts6")],
  },
  {
    column: "ts_far",
    type: "timestamp",
    values: ["'9999-12-31 23:59:59.999999'", "'infinity'", "'-infinity'"],
    sql: instant("ts_far"),
    except: [milliseconds("ts_far"), OVERFLOW],
  },
  {
    column: "ts_old",
    type: "timestamp",
    values: ["'0002-06-01'"],
    sql: instant("ts_old"),
    except: [OVERFLOW, julian("ts_old")],
  },
  {
    column: "tz0",
    type: "timestamptz(0)",
    values: ["'2024-02-29 12:34:56+02'"],
    sql: utc("tz0"),
  },
  {
    column: "tz6",
    type: "timestamptz",
    values: [
      "'2024-02-29 12:34:56.123456+02'",
      "'1969-12-31 23:59:59.5Z'",
      "'2024-01-01 00:00:00.100-05:30'",
      "'9999-12-31 23:59:59.999999Z'",
      "'infinity'",
      "'-infinity'",
    ],
    sql: utc("tz6"),
  },
  {
    column: "tz_old",
    type: "timestamptz",
    values: ["'0002-06-01Z'"],
    sql: utc("tz_old"),
    except: [julian("(tz_old AT TIME ZONE 'UTC')")],
  },
  {
    column: "iv",
    type: "interval",
    values: ["'1 day 02:03:04.5'", "'-3 hours'", "'1 year 2 months'", "'0'"],
    // Debezium's two modes: a number of microseconds, or all parts in ISO 8601.
    sql: `CASE WHEN iv IS NOT NULL THEN format('P%sY%sM%sDT%sH%sM%sS', extract(year FROM iv), extract(month FROM iv), extract(day FROM iv),
      extract(hour FROM iv), extract(minute FROM iv), trim_scale(extract(second FROM iv))) END`,
    except: [
      {
        when: ({ interval }) => interval === "numeric",
        sql: `(extract(year FROM iv) * 12 + extract(month FROM iv)) * 365.25 / 12 * 86400000000
          + extract(epoch FROM iv - date_trunc('month', iv)) * 1000000`,
        why: "a month has 365.25 / 12 days",
      },
    ],
  },
  {
    column: "js",
    type: "json",
    values: [
      `'{"b":1, "a":[1,null,"x"], "big":9007199254740993, "d":1.50}'`,
      "'null'",
      "'[1,2]'",
      `'"text"'`,
      "'5'",
      "'{}'",
    ],
  },
  {
    column: "jb",
    type: "jsonb",
    values: [
      `'{"b":1, "a":[1,null,"x"], "big":9007199254740993, "d":1.50}'`,
      "'null'",
      "'[1,2]'",
      `'"text"'`,
      "'9223372036854775807'",
      "'true'",
    ],
  },
  { column: "uu", type: "uuid", values: ["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"] },
  { column: "en", type: "mood", values: ["'so-so'", "'happy'"] },
  { column: "a_i4", type: "integer[]", values: ["'{1,NULL,-3}'", "'{}'"] },
  {
    column: "a_i8",
    type: "bigint[]",
    values: ["'{1,9007199254740993,NULL}'"],
    sql: list("a_i8", int64("v")),
  },
  { column: "a_tx", type: "text[]", values: [`'{a,NULL,"with, comma","\\"quoted\\""}'`, "'{}'"] },
  { column: "a_uu", type: "uuid[]", values: ["'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,NULL}'"] },
  {
    column: "a_n",
    type: "numeric(10,2)[]",
    values: ["'{1.50,-0.01,NULL}'"],
    except: [
      {
        when: ({ decimal }) => decimal === "string",
        sql: "a_n::text[]",
        why: "the record's schema has texts, and the items of a list cannot be declared",
      },
    ],
  },
  { column: "a_f8", type: "float8[]", values: ["'{0.1,NULL,5}'"] },
  { column: "a_bo", type: "boolean[]", values: ["'{t,NULL,f}'"] },
  { column: "a_d", type: "date[]", values: ["'{2024-02-29,NULL}'"] },
  {
    column: "a_ts",
    type: "timestamp[]",
    values: ["'{2024-02-29 12:34:56.123456,NULL}'"],
    sql: list("a_ts", instant("v")),
    except: [
      {
        when: ({ time }) => time === "connect",
        sql: list("a_ts", instant("date_trunc('milliseconds', v)")),
        why: MILLISECONDS,
      },
    ],
  },
  {
    column: "a_tz",
    type: "timestamptz[]",
    values: ["'{2024-02-29 12:34:56.123456+02,NULL}'"],
    sql: list("a_tz", utc("v")),
  },
  { column: "a_jb", type: "jsonb[]", values: [`ARRAY['{"a":1}', NULL]::jsonb[]`] },
  { column: "a_en", type: "mood[]", values: ["'{sad,happy}'"] },
  {
    column: "hs",
    type: "hstore",
    values: [`'a=>1, b=>NULL, "c d"=>"e\\"f"'`, "''"],
    sql: "hstore_to_json(hs)",
  },
  { column: "ip", type: "inet", values: ["'192.168.0.1'", "'10.1.2.3/8'", "'2001:db8::1'"] },
  { column: "net", type: "cidr", values: ["'10.0.0.0/8'"] },
  { column: "mac", type: "macaddr", values: ["'08:00:2B:01:02:03'"] },
  { column: "mac8", type: "macaddr8", values: ["'08:00:2b:01:02:03:04:05'"] },
  { column: "r_i4", type: "int4range", values: ["'[1,5]'", "'empty'", "'(,5)'"] },
  { column: "r_n", type: "numrange", values: ["'(1.5,2]'"] },
  { column: "r_d", type: "daterange", values: ["'[2024-01-01,2024-02-01)'"] },
  { column: "r_tz", type: "tstzrange", values: ["'[2024-01-01 00:00Z,2024-02-01 00:00Z)'"] },
  {
    column: "pt",
    type: "point",
    values: ["'(1.5,-2)'"],
    sql: `CASE WHEN pt IS NOT NULL THEN json_build_object('x', pt[0], 'y', pt[1], 'srid', NULL,
      'wkb', encode('\\x0101000000'::bytea || low_first(pt[0]) || low_first(pt[1]), 'base64')) END`,
  },
  { column: "xm", type: "xml", values: ["'<a b=\"1\">text</a>'"] },
  { column: "bit1", type: "bit(1)", values: ["B'1'", "B'0'"], sql: "bit1 = B'1'" },
  {
    column: "bit12",
    type: "bit(12)",
    values: ["B'000100000010'"],
    // Debezium writes bits as little-endian bytes.
    sql: `encode(set_byte(set_byte('\\x0000', 0, bit12::int & 255), 1, bit12::int >> 8), 'base64')`,
  },
  {
    column: "varb",
    type: "bit varying(16)",
    values: ["B'100000010'"],
    sql: `CASE WHEN varb IS NOT NULL THEN encode('\\x0201'::bytea, 'base64') END`,
  },
  { column: "obj", type: "oid", values: ["4294967295"], sql: "obj::bigint" },
  {
    column: "nam",
    type: "name",
    values: ["'pg_class'"],
    except: [
      {
        when: ({ streamed }) => streamed,
        sql: "NULL::text",
        why: "Debezium reads the type only in a snapshot and writes null in the stream",
      },
    ],
  },
  {
    column: "a_2d",
    type: "integer[]",
    values: ["'{{1,2},{3,4}}'"],
    except: [
      {
        when: () => true,
        sql: `CASE WHEN a_2d IS NOT NULL THEN '[null, null]'::json END`,
        why: "Debezium supports lists of one dimension",
      },
    ],
  },
  {
    column: "n_tens",
    type: "numeric(6,-2)",
    values: ["12300", "-4500"],
    declared: DECLARED_DECIMAL,
  },
  { column: "lt", type: "ltree", values: ["'top.middle.leaf'"] },
  { column: "tsv", type: "tsvector", values: ["'fat cat'"] },
  {
    column: "gen",
    type: "integer GENERATED ALWAYS AS (i2 * 2) STORED",
    values: [],
    except: [
      {
        when: ({ streamed }) => streamed,
        sql: null,
        why: "PostgreSQL 15 does not replicate generated columns",
      },
    ],
  },
  {
    column: "fallback",
    type: "text DEFAULT 'fallback'",
    values: ["'given'"],
    sql: "coalesce(fallback, 'fallback')",
  },
];
