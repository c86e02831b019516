import { suite } from "uvu";
import * as assert from "uvu/assert";
import { envelope, envelopeSchema, rowEvent, withSchema } from "../../../support/debezium.ts";
import { placeholderShapes } from "../../../support/placeholder.ts";

const s = suite("decode: unavailable values");

const TEXT = "__debezium_unavailable_value";

for (const text of [TEXT, "~"]) {
  for (const [title, value] of placeholderShapes(text)) {
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
  s(`should process ${title} as a value`, () => {
    const event = rowEvent(envelope({ op: "u", after: { v: value } }));
    assert.equal(event.unavailable, []);
    assert.equal(event.row, { v: value });
  });
}

s("should recognise the placeholder before converting the column", () => {
  const schema = envelopeSchema([{ type: "string", name: "io.debezium.data.Json", field: "v" }]);
  const event = rowEvent(withSchema(schema, envelope({ op: "u", after: { v: TEXT } })));
  assert.equal(event.unavailable, ["v"]);
});

s("should recognise the placeholder in flattened records and in `before`", () => {
  assert.equal(rowEvent({ id: 1, v: TEXT }).unavailable, ["v"]);
  const value = envelope({ op: "d", before: { id: 1, v: TEXT } });
  assert.equal(rowEvent(value, { beforeIsComplete: true }).before, { id: 1 });
});

s.run();
