import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Rejected, reject, rowWith, zigzag } from "../../../support/bad-schemas.ts";
import type { Registered } from "../../../support/fake-registry.ts";

const s = suite("decode: Avro that is not a row, and bytes that do not fit their schema");

const avro = (schema: unknown): Registered => ({ schema: JSON.stringify(schema) });
const record = (fields: object, name = "Value") => ({
  type: "record",
  name,
  fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })),
});

const text = (value: string) => [...zigzag(Buffer.byteLength(value)), ...Buffer.from(value)];

/** Each type contains the next one twice: a short schema that expands to 2^40 fields. */
const doubling = Array.from({ length: 40 }, (_, i) => i).reduceRight<object>(
  (next, i) => {
    const again = (next as { name?: string }).name ?? "long";
    return record({ a: next, b: ["null", again] }, `t${i}`);
  },
  record({ id: "long" }, "last"),
);
const LIST = record({ id: "long", v: { type: "array", items: "string" } });
const MAP = record({ id: "long", v: { type: "map", values: "long" } });

reject(s, [
  [
    "Avro whose schema is plain text",
    { schema: "no JSON" },
    [2],
    "UNKNOWN_SCHEMA",
    /cannot be parsed/,
  ],
  [
    "Avro with a field's name that is not allowed",
    avro(record({ "full name": "string" })),
    [0],
    "UNKNOWN_SCHEMA",
    /schema 5, which cannot be parsed: .*full name/,
  ],
  ["Avro that is a text", avro("string"), text("hello"), "UNKNOWN_SHAPE", /neither.*"hello"/],
  ["Avro that is a number", avro("long"), zigzag(7), "UNKNOWN_SHAPE", /neither.*7/],
  [
    "Avro that is a list",
    avro({ type: "array", items: "long" }),
    [2, 14, 0],
    "UNKNOWN_SHAPE",
    /neither.*\[7\]/,
  ],
  [
    "Avro that is an enum",
    avro({ type: "enum", name: "E", symbols: ["A"] }),
    [0],
    "UNKNOWN_SHAPE",
    /neither.*"A"/,
  ],
  [
    "an Avro record without fields",
    avro(record({})),
    [],
    "UNKNOWN_SHAPE",
    /neither an envelope nor a row/,
  ],
  [
    "truncated Avro",
    avro(record({ id: "long", v: "string" })),
    [2, 20, 65],
    "UNREADABLE_VALUE",
    /schema 5 \(truncated/,
  ],
  [
    "Avro with trailing bytes",
    avro(record({ id: "long" })),
    [2, 2],
    "UNREADABLE_VALUE",
    /schema 5 \(trailing/,
  ],
  [
    "an Avro branch that does not exist",
    avro(record({ v: ["null", "long"] })),
    [20],
    "UNREADABLE_VALUE",
    /schema 5 \(invalid union index/,
  ],
  [
    "an Avro list of 2^40 items in five bytes",
    avro(LIST),
    [2, ...zigzag(2 ** 40), 0],
    "UNREADABLE_VALUE",
    /1099511627776 items/,
  ],
  [
    "an Avro list of 2^31 items",
    avro(LIST),
    [2, ...zigzag(2 ** 31), 0],
    "UNREADABLE_VALUE",
    /2147483648 items/,
  ],
  [
    "an Avro list of -2^40 items",
    avro(LIST),
    [2, ...zigzag(-(2 ** 40)), 0],
    "UNREADABLE_VALUE",
    /1099511627776 items/,
  ],
  [
    "an Avro list of nothings",
    avro(record({ v: { type: "array", items: "null" } })),
    [...zigzag(2 ** 40), 0],
    "UNREADABLE_VALUE",
    /items does not fit/,
  ],
  [
    "an Avro list of texts that go back",
    avro(LIST),
    [2, 2, ...zigzag(-3), 0],
    "UNREADABLE_VALUE",
    /schema 5/,
  ],
  [
    "an Avro map of 2^40 entries",
    avro(MAP),
    [2, ...zigzag(2 ** 40), 0],
    "UNREADABLE_VALUE",
    /1099511627776 items/,
  ],
  [
    "an Avro string that is not UTF-8",
    avro(record({ id: "long", v: "string" })),
    [2, 4, 0xc3, 0x28],
    "UNREADABLE_VALUE",
    /not UTF-8/,
  ],
  [
    "Avro nested 3,000 deep",
    avro(record({ next: ["null", "Value"] })),
    [...Array(3_000).fill(2), 0],
    "UNREADABLE_VALUE",
    /500 levels/,
  ],
  ["an invalid Avro schema", avro({ type: "nonsense" }), [0], "UNKNOWN_SCHEMA", /schema 5/],
  ["an Avro schema that is not JSON", { schema: "{oops" }, [0], "UNKNOWN_SCHEMA", /schema 5/],
  [
    "an Avro schema that doubles forty times",
    avro(doubling),
    [2, 0],
    "UNREADABLE_VALUE",
    /more than 100000 fields/,
  ],
  [
    "an unknown type of schema",
    { schema: "{}", schemaType: "XML" },
    [0],
    "UNKNOWN_SCHEMA",
    /schema 5/,
  ],
] satisfies Rejected[]);

s("should read an array and a map in several blocks, one with its size", async () => {
  const items = [2, ...text("a"), ...zigzag(-2), ...zigzag(4), ...text("b"), ...text("c"), 0];
  assert.equal(await rowWith(avro(LIST), [2, ...items]), { id: 1, v: ["a", "b", "c"] });
  const entries = [2, ...text("a"), 2, 2, ...text("__proto__"), 4, 0];
  const row = await rowWith(avro(MAP), [2, ...entries]);
  assert.is(JSON.stringify(row), '{"id":1,"v":{"a":1,"__proto__":2}}');
});

s("should read U+FFFD in valid UTF-8", async () => {
  const schema = avro(record({ id: "long", v: "string" }));
  assert.equal(await rowWith(schema, [2, ...text("a\ufffdb")]), { id: 1, v: "a\ufffdb" });
});

s("should read recursive records", async () => {
  const tree = avro(record({ id: "long", next: ["null", "Value"] }));
  assert.equal(await rowWith(tree, [2, 2, 4, 0]), { id: 1, next: { id: 2, next: null } });
});

s("should read types with names that avsc rejects, and references to them", async () => {
  const inner = { ...record({ id: "long" }, "1-Value"), namespace: "my-app.public.users" };
  const outer = record({ id: "long", a: ["null", inner], b: "my-app.public.users.1-Value" }, "a-b");
  const row = { id: 1, a: null, b: { id: 2 } };
  assert.equal(await rowWith(avro(outer), [...zigzag(1), 0, ...zigzag(2)]), row);
});

s.run();
