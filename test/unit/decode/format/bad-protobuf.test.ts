import protobuf from "protobufjs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Rejected, reject, rowWith, zigzag } from "../../../support/bad-schemas.ts";
import type { Registered } from "../../../support/fake-registry.ts";

const s = suite("decode: Protobuf that is not a row, and bytes that do not fit their schema");

const proto = (text: string): Registered => ({
  schema: `syntax = "proto3"; ${text}`,
  schemaType: "PROTOBUF",
});

/** Each type contains the next one twice: a short schema that expands to 2^40 fields. */
const doubling = Array.from({ length: 40 }, (_, i) =>
  i === 39
    ? `message t39 { int64 id = 1; }`
    : `message t${i} { t${i + 1} a = 1; t${i + 1} b = 2; }`,
).join(" ");

const ROW = proto("message Row { int64 id = 1; }");

reject(s, [
  ["Protobuf without its message indexes", ROW, [], "UNREADABLE_VALUE", /message indexes/],
  [
    "Protobuf of a type that there is not",
    ROW,
    [...zigzag(1), ...zigzag(9), 8, 7],
    "UNREADABLE_VALUE",
    /no message type at 9/,
  ],
  [
    "Protobuf of a type below zero",
    ROW,
    [...zigzag(1), ...zigzag(-1), 8, 7],
    "UNREADABLE_VALUE",
    /no message type at -1/,
  ],
  [
    "Protobuf with 2^30 message indexes",
    ROW,
    [...zigzag(2 ** 30), 0],
    "UNREADABLE_VALUE",
    /cannot be 1073741824/,
  ],
  [
    "Protobuf with a negative number of message indexes",
    ROW,
    [...zigzag(-1), 0],
    "UNREADABLE_VALUE",
    /cannot be -1/,
  ],
  [
    "truncated Protobuf",
    proto("message Row { string v = 1; }"),
    [0, 10, 20, 65],
    "UNREADABLE_VALUE",
    /schema 5/,
  ],
  [
    "Protobuf text that is no UTF-8",
    proto("message Row { string v = 1; }"),
    [0, 10, 2, 0xc3, 0x28],
    "UNREADABLE_VALUE",
    /not UTF-8/,
  ],
  ["Protobuf of another wire type", ROW, [0, 15], "UNREADABLE_VALUE", /schema 5/],
  [
    "a Protobuf message without fields",
    proto("message Row {}"),
    [0],
    "UNKNOWN_SHAPE",
    /neither an envelope nor a row/,
  ],
  [
    "a Protobuf schema of enums alone",
    proto("enum E { A = 0; }"),
    [0, 8, 7],
    "UNKNOWN_SCHEMA",
    /schema 5/,
  ],
  [
    "a Protobuf schema that is none",
    { schema: "oops", schemaType: "PROTOBUF" },
    [0],
    "UNKNOWN_SCHEMA",
    /schema 5/,
  ],
  [
    "a Protobuf schema that doubles forty times",
    proto(doubling),
    [0, 10, 0],
    "UNREADABLE_VALUE",
    /more than 100000 fields/,
  ],
] satisfies Rejected[]);

s("should read recursive records", async () => {
  const source = "message Row { int64 id = 1; Row next = 2; }";
  const type = protobuf.parse(`syntax = "proto3"; ${source}`).root.lookupType("Row");
  const bytes = type.encode({ id: 1, next: { id: 2 } }).finish();
  const row = { id: 1, next: { id: 2, next: null } };
  assert.equal(await rowWith(proto(source), [0, ...bytes]), row);
});

s.run();
