import fc from "fast-check";
import { membersOf, type Tree, textOf, treeOf } from "./json-tree.ts";

/** Ways to break the bytes of a key or value. An index is taken modulo the number of candidates, so every mutation shrinks. */
export type Mutation =
  | { readonly kind: "flip"; readonly index: number; readonly bits: number }
  | { readonly kind: "truncate"; readonly index: number }
  | { readonly kind: "repeat"; readonly index: number; readonly length: number }
  | { readonly kind: "insert"; readonly index: number; readonly bytes: Uint8Array }
  | { readonly kind: "replace"; readonly index: number; readonly raw: string }
  | { readonly kind: "rename"; readonly index: number; readonly name: string }
  | { readonly kind: "drop"; readonly index: number }
  | { readonly kind: "double"; readonly index: number; readonly raw: string }
  | { readonly kind: "move"; readonly index: number; readonly from: number };

/** Unusual values for a number, a text or a structure. */
const UNUSUAL: readonly string[] = [
  ...["null", "true", "0", "-0", "-1", "0.5", "1e21", "1e300", "1e400000000", "-1e400000000"],
  ...["1e-400000000", "9007199254740993", "18446744073709551616", "-9223372036854775808"],
  ...['""', '"x"', '"\\u0000"', '"\\ud800"', '"NaN"', '"Infinity"', '"-Infinity"', '"1e400000000"'],
  ...['"__proto__"', '"constructor"', '"toString"', '"__debezium_unavailable_value"', '"AQ=="'],
  ...[
    '"2024-01-01T00:00:00Z"',
    '"+294247-01-10T04:00:25.2Z"',
    '"-5877611-06-21"',
    '"{\\"a\\":[1]}"',
  ],
  ...['"c"', '"u"', '"d"', '"r"', '"t"', '"m"', '"true"', '"incremental"', '"last"'],
  ...['"postgresql"', '"mysql"', '"sqlserver"', '"mongodb"', '"oracle"', '"struct"', '"int64"'],
  ...["[]", "{}", "[[[]]]", "[null]", '{"__proto__":{"a":1}}', '{"toString":null,"valueOf":null}'],
  ...[
    '{"toJSON":1,"then":1}',
    '{"scale":2147483648,"value":"AQ=="}',
    '{"scale":-2147483648,"value":"AQ=="}',
  ],
  ...[
    '{"scale":"x","value":"AQ=="}',
    '{"value":{"value":{}}}',
    `${"[".repeat(1_000)}${"]".repeat(1_000)}`,
  ],
];

const NAMES: readonly string[] = [
  ...["__proto__", "constructor", "toString", "", "id", "op", "source", "before", "after", "ts_ms"],
  ...["schema", "payload", "type", "name", "field", "fields", "items", "parameters", "default"],
  ...["__deleted", "__op", "__lsn", "____proto__", "__source_connector", "connector", "snapshot"],
];

/** Names that change the kind of the whole record: chosen as often as all other names together. */
const VITAL = new Set([
  ...[
    "op",
    "source",
    "connector",
    "snapshot",
    "before",
    "after",
    "ts_ms",
    "lsn",
    "schema",
    "payload",
  ],
  ...["fields", "type", "name", "table", "__op", "__lsn", "__deleted", "id"],
]);

const index = fc.nat();
const raw = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...UNUSUAL) },
  { weight: 1, arbitrary: fc.json() },
);

const ofBytes: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant("flip"), index, bits: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant("truncate"), index }),
  fc.record({ kind: fc.constant("repeat"), index, length: fc.integer({ min: 1, max: 400 }) }),
  fc.record({
    kind: fc.constant("insert"),
    index,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
  }),
);

const ofJson: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant("replace"), index, raw }),
  fc.record({ kind: fc.constant("rename"), index, name: fc.constantFrom(...NAMES) }),
  fc.record({ kind: fc.constant("drop"), index }),
  fc.record({ kind: fc.constant("double"), index, raw }),
  fc.record({ kind: fc.constant("move"), index, from: fc.nat() }),
);

/** Fields are mutated before bytes: broken bytes are no longer JSON. */
export const mutations: fc.Arbitrary<readonly Mutation[]> = fc
  .tuple(fc.array(ofJson, { maxLength: 3 }), fc.array(ofBytes, { maxLength: 1 }))
  .map(([fields, bytes]) => [...fields, ...bytes]);

export function mutated(bytes: Buffer | null, how: readonly Mutation[]): Buffer | null {
  return bytes && how.reduce(once, bytes);
}

function once(bytes: Buffer, how: Mutation): Buffer {
  const position = how.index % Math.max(bytes.length, 1);
  switch (how.kind) {
    case "flip": {
      const flipped = Buffer.from(bytes);
      if (flipped.length > 0) flipped[position] = (flipped[position] as number) ^ how.bits;
      return flipped;
    }
    case "truncate":
      return bytes.subarray(0, position);
    case "repeat":
      return inserted(bytes, position, bytes.subarray(position, position + how.length));
    case "insert":
      return inserted(bytes, position, how.bytes);
    default:
      return ofFields(bytes, how);
  }
}

function inserted(bytes: Buffer, position: number, more: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, position), more, bytes.subarray(position)]);
}

/** Returns bytes that are not JSON unchanged. */
function ofFields(bytes: Buffer, how: Mutation & { index: number }): Buffer {
  let tree: Tree;
  try {
    tree = treeOf(JSON.parse(bytes.toString("utf8")));
  } catch {
    return bytes;
  }
  const all = membersOf(tree);
  const vital = all.filter(({ object, index }) => VITAL.has(object[index]?.name ?? ""));
  const members = how.index % 2 === 1 && vital.length > 0 ? vital : all;
  const found = members[how.index % Math.max(members.length, 1)];
  if (!found) return bytes;
  const member = found.object[found.index] as { name: string; value: Tree };
  if (how.kind === "replace") member.value = { raw: how.raw };
  if (how.kind === "rename") member.name = how.name;
  if (how.kind === "drop") found.object.splice(found.index, 1);
  if (how.kind === "double") found.object.push({ name: member.name, value: { raw: how.raw } });
  if (how.kind === "move") {
    const other = all[how.from % all.length];
    const value = other?.object[other.index]?.value;
    if (value) member.value = { raw: textOf(value) };
  }
  return Buffer.from(textOf(tree));
}
