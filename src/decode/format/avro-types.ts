import avro, { type Schema, type Type } from "avsc";
import { DetailedError } from "../../lib/errors.ts";
import { exactLongType } from "./avro.ts";

/**
 * avsc reads as many items as the bytes say, and looks only at the end whether there were so many bytes: five broken
 * ones can ask for 2^40 items. These types look while they read; `_read` is what avsc's own types differ in.
 */
type Tap = { readonly buf: Buffer; pos: number; readLong(): number; readString(): string };
type Reads = { _read(tap: Tap): unknown };
type Class<Own> = new (schema: Schema, options: object) => Type & Reads & Own;

const { ArrayType, MapType, StringType } = avro.types as unknown as {
  readonly ArrayType: Class<{ readonly itemsType: Type & Reads }>;
  readonly MapType: Class<{ readonly valuesType: Type & Reads }>;
  readonly StringType: new () => Type & Reads;
};

class BoundedArrayType extends ArrayType {
  override _read(tap: Tap): unknown[] {
    const items: unknown[] = [];
    eachItem(tap, () => items.push(this.itemsType._read(tap)));
    return items;
  }
}

class BoundedMapType extends MapType {
  override _read(tap: Tap): object {
    const entries: [string, unknown][] = [];
    eachItem(tap, () => entries.push([tap.readString(), this.valuesType._read(tap)]));
    // Assigned, a key `__proto__` would be lost.
    return Object.fromEntries(entries);
  }
}

/** Text that is not UTF-8 would become a run of U+FFFD, and two keys one. */
class CheckedStringType extends StringType {
  override _read(tap: Tap): unknown {
    const text = super._read(tap) as string | undefined;
    if (text?.includes("\ufffd")) {
      const again = Buffer.from(text);
      if (!again.equals(tap.buf.subarray(tap.pos - again.length, tap.pos)))
        throw new DetailedError("a string is not UTF-8");
    }
    return text;
  }
}

const checkedString = new CheckedStringType();

/** Our type for a schema that has one, also where it has attributes such as `connect.name`. */
export function ownType(schema: Schema, options: object): Type | undefined {
  switch ((schema as { readonly type?: unknown }).type ?? schema) {
    case "string":
      return checkedString;
    case "array":
      return new BoundedArrayType(schema, options);
    case "map":
      return new BoundedMapType(schema, options);
    case "long":
      return exactLongType;
    default:
      return undefined;
  }
}

/** Blocks of a count and so many items, the last one empty; a negative count has the block's size in bytes after it. */
function eachItem(tap: Tap, read: () => void): void {
  for (let count = tap.readLong(); count !== 0; count = tap.readLong()) {
    if (count < 0) tap.readLong();
    for (let left = Math.abs(count); left > 0; left -= 1) {
      const start = tap.pos;
      read();
      if (tap.pos <= start || tap.pos > tap.buf.length)
        throw new DetailedError(`an array of ${Math.abs(count)} items does not fit into the bytes`);
    }
  }
}
