import avro, { type Schema, type Type } from "avsc";
import { DetailedError } from "../../lib/errors.ts";
import { exactLongType } from "./avro.ts";

/**
 * avsc reads as many items as the bytes declare and checks the length only at the end: five corrupt bytes can declare 2^40
 * items. These types check while they read, by overriding `_read`.
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
    return Object.fromEntries(entries);
  }
}

/** avsc replaces invalid UTF-8 by U+FFFD, which could make two keys equal. */
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

/** Our type for a schema, with or without attributes such as `connect.name`; `undefined`: avsc's own. */
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

/** Blocks of a count and that many items, the last one empty; a negative count is followed by the block's size in bytes. */
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
