import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Rejected, reject, rowWith } from "../../../support/bad-schemas.ts";
import type { Registered } from "../../../support/fake-registry.ts";

const s = suite("decode: JSON Schema that is not a row, and bytes that do not fit their schema");

const json = (schema: unknown): Registered => ({
  schema: JSON.stringify(schema),
  schemaType: "JSON",
});

/** Each type contains the next one twice: a short schema that expands to 2^40 fields. */
const doubling = {
  definitions: Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => {
      const next = { $ref: `#/definitions/t${i + 1}` };
      return [`t${i}`, { type: "object", properties: { a: next, b: next } }];
    }),
  ),
  $ref: "#/definitions/t0",
};
reject(s, [
  [
    "JSON Schema of a text",
    json({ type: "string" }),
    Buffer.from('"hello"'),
    "UNKNOWN_SHAPE",
    /neither.*"hello"/,
  ],
  [
    "JSON Schema of a list",
    json({ type: "array" }),
    Buffer.from("[7]"),
    "UNKNOWN_SHAPE",
    /neither.*\[7\]/,
  ],
  [
    "JSON Schema and no JSON",
    json({ type: "object" }),
    Buffer.from("{oops"),
    "UNREADABLE_VALUE",
    /schema 5/,
  ],
  [
    "JSON Schema and no UTF-8",
    json({ type: "object" }),
    [0x22, 0xc3, 0x28, 0x22],
    "UNREADABLE_VALUE",
    /not UTF-8/,
  ],
  [
    "JSON Schema and 1,000 levels",
    json({ type: "object" }),
    Buffer.from(`{"v":${"[".repeat(1e3)}${"]".repeat(1e3)}}`),
    "UNREADABLE_VALUE",
    /500 levels/,
  ],
  [
    "a JSON Schema that is no JSON",
    { schema: "{oops", schemaType: "JSON" },
    Buffer.from("{}"),
    "UNKNOWN_SCHEMA",
    /schema 5/,
  ],
  [
    "a JSON Schema that doubles forty times",
    json(doubling),
    Buffer.from('{"id":1}'),
    "UNREADABLE_VALUE",
    /more than 100000 fields/,
  ],
] satisfies Rejected[]);

s("should read recursive records", async () => {
  const node = { type: "object", properties: { id: { type: "integer" }, next: { $ref: "#" } } };
  const payload = Buffer.from('{"id":1,"next":{"id":2}}');
  assert.equal(await rowWith(json(node), payload), { id: 1, next: { id: 2 } });
});

s.run();
