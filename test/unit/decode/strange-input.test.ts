import { suite } from "uvu";
import * as assert from "uvu/assert";
import { envelope, envelopeSchema, rowEvent } from "../../support/debezium.ts";

const s = suite("decode: unusual input that is a row");

/** Also on a slow machine. Without limits each of these took minutes, all memory or the whole stack. */
const SOON_MS = 60_000;

const VALUE =
  '{"before":null,"after":{"id":1,"v":#},"source":{"connector":"postgresql","lsn":7},"op":"c"}';
const column = (raw: string) => VALUE.replace("#", () => raw);
const field = (name: string, more: object = {}) =>
  envelopeSchema([{ type: "bytes", name, field: "v", ...more }]);
const typed = (schema: object, raw: string) =>
  `{"schema":${JSON.stringify(schema)},"payload":${column(raw)}}`;

const DECIMAL = field("org.apache.kafka.connect.data.Decimal", { parameters: { scale: "2" } });
const INSTANT = field("io.debezium.time.ZonedTimestamp");
const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
const MANY = 1_000_000;
const DIGITS = "7".repeat(MANY);

type Decoded = readonly [title: string, value: string, row: object];

const ROW = { id: 1 };
const TAKEN: readonly Decoded[] = [
  ["100 levels", column(deep(100)), { ...ROW, v: JSON.parse(deep(100)) }],
  ["a repeated field: the last one counts", column('1,"v":2'), { ...ROW, v: 2 }],
  ["a number beyond all doubles, as its text", column("1e400000000"), { ...ROW, v: "1e400000000" }],
  ["the same in a list", column("[-1e999]"), { ...ROW, v: ["-1e999"] }],
  ["half of a surrogate pair", column('"\\ud800"'), { ...ROW, v: "\ud800" }],
  ["a zero character", column('"\\u0000"'), { ...ROW, v: "\u0000" }],
  [
    "zeros without end, and a one",
    typed(DECIMAL, `"0.${"0".repeat(MANY)}1"`),
    { ...ROW, v: { text: `0.${"0".repeat(MANY)}1` } },
  ],
  [
    "a fraction of a second without end",
    typed(INSTANT, `"2024-01-01T00:00:00.${"0".repeat(MANY)}1Z"`),
    { ...ROW, v: `2024-01-01T00:00:00.${"0".repeat(MANY)}1Z` },
  ],
  ["digits without end in a text", column(`"${DIGITS}"`), { ...ROW, v: DIGITS }],
  [
    "a million items",
    column(`[${"0,".repeat(MANY)}0]`),
    { ...ROW, v: new Array(MANY + 1).fill(0) },
  ],
  ["ten megabytes", column(`"${"x".repeat(10_000_000)}"`), { ...ROW, v: "x".repeat(10_000_000) }],
];

for (const [title, value, row] of TAKEN) {
  s(`should decode ${title} within the time`, () => {
    const started = performance.now();
    const event = rowEvent(value);
    assert.ok(performance.now() - started < SOON_MS);
    assert.ok(JSON.stringify(event.row) === JSON.stringify(row), "another row");
  });
}

s("should keep columns named like properties of Object", () => {
  const after = '{"__proto__":{"a":1},"constructor":2,"toString":null,"hasOwnProperty":"x"}';
  const { row } = rowEvent(VALUE.replace('{"id":1,"v":#}', after));
  assert.is(JSON.stringify(row), after);
  assert.is(Object.getPrototypeOf(row), Object.prototype);
});

s("should decode a row of 200,000 unavailable columns within the time", () => {
  const names = Array.from({ length: 200_000 }, (_, i) => `c${i}`);
  const after = Object.fromEntries(names.map((name) => [name, "~"]));
  const started = performance.now();
  const event = rowEvent(envelope({ op: "u", after }), { unavailableValue: "~" });
  assert.ok(performance.now() - started < SOON_MS);
  assert.is(event.unavailable.length, names.length);
});

s.run();
