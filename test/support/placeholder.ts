import { createHash } from "node:crypto";

/** Every shape of Debezium's placeholder for an unavailable PostgreSQL value. */
export function placeholderShapes(
  text: string,
): readonly (readonly [title: string, value: unknown])[] {
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

/** Java's UUID.nameUUIDFromBytes, by RFC 4122: MD5, version 3, variant 2. */
function javaNameUuid(name: string): string {
  const hex = createHash("md5").update(name).digest("hex").split("");
  hex[12] = "3";
  hex[16] = ((Number.parseInt(hex[16] as string, 16) & 0x3) | 0x8).toString(16);
  const text = hex.join("");
  return [8, 12, 16, 20].reduceRight(
    (uuid, end) => `${uuid.slice(0, end)}-${uuid.slice(end)}`,
    text,
  );
}
