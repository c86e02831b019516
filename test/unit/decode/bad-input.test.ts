import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type CdcError, messageWithDetails } from "../../../src/lib/errors.ts";
import {
  decoderOf,
  envelope,
  envelopeSchema,
  recordOf,
  withSchema,
} from "../../support/debezium.ts";

const s = suite("decode: malicious input");

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
const VARIABLE = field("io.debezium.data.VariableScaleDecimal");
const DOUBLE = envelopeSchema([{ type: "double", field: "v" }]);
const INSTANT = field("io.debezium.time.ZonedTimestamp");
const TIMESTAMP = field("io.debezium.time.Timestamp");
const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
const MANY = 1_000_000;
const DIGITS = "7".repeat(MANY);

type Rejected = readonly [title: string, value: string | Buffer, code: string, reason: RegExp];

const REJECTED: readonly Rejected[] = [
  ["100,000 lists in each other", deep(100_000), "INVALID_JSON", /more than 500 levels/],
  ["lists that do not end", "[".repeat(100_000), "INVALID_JSON", /cannot be read as JSON/],
  ["a column of 100,000 levels", column(deep(100_000)), "INVALID_JSON", /500 levels/],
  [
    "the same beside a long number",
    column(`[9007199254740993,${deep(100_000)}]`),
    "INVALID_JSON",
    /500 levels/,
  ],
  [
    "objects in each other",
    column(`${'{"a":'.repeat(501)}1${"}".repeat(501)}`),
    "INVALID_JSON",
    /500 levels/,
  ],
  [
    "a JSON column of 100,000 levels",
    typed(field("io.debezium.data.Json"), `"${deep(100_000)}"`),
    "UNREADABLE_VALUE",
    /column "v".*500 levels/,
  ],
  [
    "a schema of 100,000 levels",
    `{"schema":{"type":"struct","fields":${deep(100_000)}},"payload":{}}`,
    "INVALID_JSON",
    /500 levels/,
  ],
  ["an integer of a million digits", column(DIGITS), "INVALID_JSON", /1000000 digits/],
  [
    "a double with a huge exponent",
    typed(DOUBLE, "1e400000000"),
    "UNREADABLE_VALUE",
    /exponent 400000000/,
  ],
  [
    "a decimal with a huge exponent",
    typed(DECIMAL, '"1e400000000"'),
    "UNREADABLE_VALUE",
    /exponent 400000000/,
  ],
  [
    "a decimal with an exponent of a million digits",
    typed(DECIMAL, `"1e${DIGITS}"`),
    "UNREADABLE_VALUE",
    /exponent Infinity/,
  ],
  [
    "a decimal with a scale of 2^31",
    typed(VARIABLE, '{"scale":2147483648,"value":"AQ=="}'),
    "UNREADABLE_VALUE",
    /exponent -2147483648/,
  ],
  [
    "a decimal with a scale of -2^31",
    typed(VARIABLE, '{"scale":-2147483648,"value":"AQ=="}'),
    "UNREADABLE_VALUE",
    /exponent 2147483648/,
  ],
  [
    "a decimal with an invalid scale",
    typed(VARIABLE, '{"scale":"x","value":"AQ=="}'),
    "UNREADABLE_VALUE",
    /NaN is not the scale/,
  ],
  [
    "a decimal of a million bytes",
    typed(DECIMAL, `"${Buffer.alloc(MANY, 7).toString("base64")}"`),
    "UNREADABLE_VALUE",
    /1000000 bytes/,
  ],
  [
    "a decimal with a wrong last character",
    typed(DECIMAL, `"${DIGITS}x"`),
    "UNREADABLE_VALUE",
    /not a decimal/,
  ],
  [
    "a decimal named like an object's own",
    typed(DECIMAL, '"constructor"'),
    "UNREADABLE_VALUE",
    /not a decimal \("constructor"\)/,
  ],
  [
    "an instant that is an object",
    typed(INSTANT, '{"toString":null}'),
    "UNREADABLE_VALUE",
    /not an instant/,
  ],
  ["an instant with a fraction", typed(TIMESTAMP, "[1]"), "UNREADABLE_VALUE", /not an instant/],
  [
    "an operation named like an object's own",
    column("1").replace('"c"', '"constructor"'),
    "UNKNOWN_SHAPE",
    /op.*"constructor"/,
  ],
  [
    "a connector that is not text",
    column("1").replace('"postgresql"', '{"toString":null}'),
    "UNKNOWN_SHAPE",
    /no source block/,
  ],
  [
    "a schema block of another kind",
    '{"schema":{"type":"struct","fields":{}},"payload":{"id":1}}',
    "UNKNOWN_SHAPE",
    /not a Connect schema/,
  ],
  [
    "a schema block with an invalid field",
    '{"schema":{"type":"struct","fields":[null]},"payload":{"id":1}}',
    "UNKNOWN_SHAPE",
    /not a Connect schema/,
  ],
  [
    "a schema block without a payload",
    '{"schema":{"type":"struct","fields":[]}}',
    "UNKNOWN_SHAPE",
    /no payload/,
  ],
  [
    "the payload twice",
    '{"schema":{"type":"struct","fields":[]},"payload":{"id":1},"payload":{"id":2}}',
    "INVALID_JSON",
    /cannot be read as JSON/,
  ],
  [
    "invalid UTF-8",
    Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
    "INVALID_JSON",
    /cannot be read as JSON/,
  ],
  ["UTF-16", Buffer.from('{"id":1}', "utf16le"), "INVALID_JSON", /cannot be read as JSON/],
  ["a byte order mark", '\ufeff{"id":1}', "INVALID_JSON", /cannot be read as JSON/],
  [
    "ten megabytes that are not JSON",
    `{"id":"${"x".repeat(10_000_000)}`,
    "INVALID_JSON",
    /cannot be read as JSON/,
  ],
  ["nothing", "", "INVALID_JSON", /cannot be read as JSON/],
];

/** Records of MongoDB's connector, whose documents are text. */
const document = (after: string) =>
  JSON.stringify(envelope({ op: "c", after, source: { connector: "mongodb" } }));

const DOCUMENTS: readonly Rejected[] = [
  [
    "a document whose text does not end",
    document(`{"_id":"${"a".repeat(100_000)}`),
    "UNKNOWN_SHAPE",
    /cannot be read/,
  ],
  [
    "a document of quotes that do not end",
    document(`{"_id":"${'\\"'.repeat(100_000)}`),
    "UNKNOWN_SHAPE",
    /cannot be read/,
  ],
  [
    "a document of 100,000 levels",
    document(`{"_id":${deep(100_000)}}`),
    "UNKNOWN_SHAPE",
    /500 levels/,
  ],
];

for (const [title, value, code, reason] of [...REJECTED, ...DOCUMENTS]) {
  s(`should reject ${title} within the time, and decode the next record`, () => {
    const decoder = decoderOf();
    const started = performance.now();
    assert.throws(
      () => decoder.decode(recordOf({ value })),
      (error: CdcError) => {
        assert.is(error.code, code);
        const text = messageWithDetails(error);
        assert.match(text, reason);
        return text.length < 4_200;
      },
    );
    assert.ok(performance.now() - started < SOON_MS);
    assert.is(decoder.decode(recordOf({ value: column("5") })).kind, "row");
  });
}

s("should reject wrong magic bytes as not JSON", () => {
  for (const first of [1, 2, 0x7b, 0xff]) {
    const value = Buffer.from([first, 0, 0, 0, 5, 2, 2]);
    assert.throws(
      () => decoderOf().decode(recordOf({ value })),
      (error: CdcError) => error.code === "INVALID_JSON",
    );
  }
});

s("should reject a record whose key lacks a column of the model's key, and name both", () => {
  const decoder = decoderOf({ key: ["org", "id"] });
  assert.throws(
    () => decoder.decode(recordOf({ key: { id: 1 }, value: column("1") })),
    (error: CdcError) => error.code === "KEY_MISMATCH" && /org, id.*fields id;/.test(error.message),
  );
});

/** Records whose schema block begins with the same bytes as the previous one. */
const PREVIOUS: readonly (readonly [title: string, value: string])[] = [
  [
    "a second schema after the payload",
    `{"schema":null,"payload":{"a":1},"schema":${JSON.stringify(DOUBLE)}}`,
  ],
  [
    "another schema after the payload",
    typed(DECIMAL, "null").replace(/}$/, `,"schema":${JSON.stringify(DOUBLE)}}`),
  ],
  [
    "white space",
    JSON.stringify(withSchema(DECIMAL, envelope({ op: "c", after: { id: 1 } })), null, 1),
  ],
  [
    "text that looks like a payload",
    JSON.stringify({
      schema: { type: "struct", x: ',"payload":', fields: [] },
      payload: { id: 1 },
    }),
  ],
];

for (const [title, value] of PREVIOUS) {
  s(`should decode the record after ${title} by its own schema`, () => {
    const good = recordOf({ value: typed(DECIMAL, '"fQ=="') });
    const decoder = decoderOf();
    try {
      decoder.decode(recordOf({ value }));
    } catch (error) {
      assert.is((error as CdcError).consequence, "dead-letter");
    }
    const event = decoder.decode(good);
    assert.equal(event.kind === "row" && event.row, { id: 1, v: 1.25 });
  });
}

s("should reject bytes after the last brace", () => {
  const value = typed(DECIMAL, '"fQ=="');
  const decoder = decoderOf();
  decoder.decode(recordOf({ value }));
  assert.throws(() => decoder.decode(recordOf({ value: `${value} x` })));
});

s.run();
