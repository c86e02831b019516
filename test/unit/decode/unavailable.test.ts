import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { envelope, envelopeSchema, rowEvent, withSchema } from "../../support/debezium.ts";

const s = suite("decode: unavailable values");

const TEXT = "__debezium_unavailable_value";

/** Every shape that Debezium's PostgreSQL connector gives the placeholder. */
function shapes(text: string): readonly (readonly [title: string, value: unknown])[] {
  return [
    ["text", text],
    ["bytea", Buffer.from(text).toString("base64")],
    ["text[]", [text]],
    ["int[] and bigint[]", [...Buffer.from(text)]],
    ["uuid[]", [javaNameUuid(text)]],
    ["hstore as a map", { [text]: text }],
    ["hstore as JSON", JSON.stringify({ [text]: text })],
  ];
}

for (const text of [TEXT, "~"]) {
  for (const [title, value] of shapes(text)) {
    s(`should recognise ${JSON.stringify(text)} in ${title}`, () => {
      const event = rowEvent(envelope({ op: "u", after: { id: 1, v: value, w: value } }), {
        unavailableValue: text,
      });
      assert.equal(event.unavailable, ["v", "w"]);
      assert.equal(event.row, { id: 1 });
    });
  }
}

const VALUES: readonly (readonly [title: string, value: unknown])[] = [
  ["text that contains it", `${TEXT}!`],
  ["a list with something beside it", [TEXT, "x"]],
  ["a list of as many other bytes", [...Buffer.from(TEXT)].reverse()],
  ["an empty list", []],
  ["an empty map", {}],
  ["NULL", null],
];

for (const [title, value] of VALUES) {
  s(`should take ${title} for a value`, () => {
    const event = rowEvent(envelope({ op: "u", after: { v: value } }));
    assert.equal(event.unavailable, []);
    assert.equal(event.row, { v: value });
  });
}

s("should recognise it before the column's type is read", () => {
  const schema = envelopeSchema([{ type: "string", name: "io.debezium.data.Json", field: "v" }]);
  const event = rowEvent(withSchema(schema, envelope({ op: "u", after: { v: TEXT } })));
  assert.equal(event.unavailable, ["v"]);
});

s("should recognise it in flattened records and in `before`", () => {
  assert.equal(rowEvent({ id: 1, v: TEXT }).unavailable, ["v"]);
  const value = envelope({ op: "d", before: { id: 1, v: TEXT } });
  assert.equal(rowEvent(value, { beforeIsComplete: true }).before, { id: 1 });
});

s.run();

/** Java's UUID.nameUUIDFromBytes, by RFC 4122: MD5, version 3, variant 2. */
function javaNameUuid(name: string): string {
  const hex = createHash("md5").update(name).digest("hex").split("");
  hex[12] = "3";
  hex[16] = ((Number.parseInt(hex[16] as string, 16) & 0x3) | 0x8).toString(16);
  const text = hex.join("");
  return [8, 12, 16, 20].reduceRight((uuid, at) => `${uuid.slice(0, at)}-${uuid.slice(at)}`, text);
}
