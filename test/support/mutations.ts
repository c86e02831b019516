import fc from "fast-check";
import { membersOf, type Tree, textOf, treeOf } from "./json-tree.ts";

/** Ways to break the bytes of a key or value; positions are taken modulo what there is, so that all of them shrink. */
export type Mutation =
  | { readonly kind: "flip"; readonly at: number; readonly bits: number }
  | { readonly kind: "cut"; readonly at: number }
  | { readonly kind: "repeat"; readonly at: number; readonly length: number }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "replace"; readonly at: number; readonly raw: string }
  | { readonly kind: "rename"; readonly at: number; readonly name: string }
  | { readonly kind: "drop"; readonly at: number }
  | { readonly kind: "double"; readonly at: number; readonly raw: string }
  | { readonly kind: "move"; readonly at: number; readonly from: number };

/** What a number, a text or a structure can be that a decoder does not think of. */
const STRANGE: readonly string[] = [
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

/** Whose loss or change turns the whole record into something else: as likely as all other names together. */
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

const at = fc.nat();
const raw = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...STRANGE) },
  { weight: 1, arbitrary: fc.json() },
);

const ofBytes: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant("flip"), at, bits: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant("cut"), at }),
  fc.record({ kind: fc.constant("repeat"), at, length: fc.integer({ min: 1, max: 400 }) }),
  fc.record({
    kind: fc.constant("insert"),
    at,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
  }),
);

const ofJson: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant("replace"), at, raw }),
  fc.record({ kind: fc.constant("rename"), at, name: fc.constantFrom(...NAMES) }),
  fc.record({ kind: fc.constant("drop"), at }),
  fc.record({ kind: fc.constant("double"), at, raw }),
  fc.record({ kind: fc.constant("move"), at, from: fc.nat() }),
);

/** Fields come before bytes, which leave nothing that could be taken apart. */
export const mutations: fc.Arbitrary<readonly Mutation[]> = fc
  .tuple(fc.array(ofJson, { maxLength: 3 }), fc.array(ofBytes, { maxLength: 1 }))
  .map(([fields, bytes]) => [...fields, ...bytes]);

export function mutated(bytes: Buffer | null, how: readonly Mutation[]): Buffer | null {
  return bytes && how.reduce(once, bytes);
}

function once(bytes: Buffer, how: Mutation): Buffer {
  const position = how.at % Math.max(bytes.length, 1);
  switch (how.kind) {
    case "flip": {
      const flipped = Buffer.from(bytes);
      if (flipped.length > 0) flipped[position] = (flipped[position] as number) ^ how.bits;
      return flipped;
    }
    case "cut":
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

/** Leaves what is no JSON as it is. */
function ofFields(bytes: Buffer, how: Mutation & { at: number }): Buffer {
  let tree: Tree;
  try {
    tree = treeOf(JSON.parse(bytes.toString("utf8")));
  } catch {
    return bytes;
  }
  const all = membersOf(tree);
  const vital = all.filter(({ of, at }) => VITAL.has(of[at]?.name ?? ""));
  const members = how.at % 2 === 1 && vital.length > 0 ? vital : all;
  const changeId = members[how.at % Math.max(members.length, 1)];
  if (!changeId) return bytes;
  const member = changeId.of[changeId.at] as { name: string; value: Tree };
  if (how.kind === "replace") member.value = { raw: how.raw };
  if (how.kind === "rename") member.name = how.name;
  if (how.kind === "drop") changeId.of.splice(changeId.at, 1);
  if (how.kind === "double") changeId.of.push({ name: member.name, value: { raw: how.raw } });
  if (how.kind === "move") {
    const other = all[how.from % all.length];
    const value = other?.of[other.at]?.value;
    if (value) member.value = { raw: textOf(value) };
  }
  return Buffer.from(textOf(tree));
}
