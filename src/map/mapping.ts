import { failureKind } from "../data/expression.ts";
import { column, type Row, type Value } from "../data/row.ts";
import { messageOf } from "../lib/errors.ts";
import { setOwn } from "../lib/set-own.ts";
import { type MappedValue, mappedReader, type Reader } from "./reader.ts";
import { type SegmentValue, segmentValue } from "./segment-value.ts";

/** Traits or properties: all columns, a list of columns, or a map. */
export type Fields = "*" | readonly string[] | { readonly [name: string]: MappedValue };

/** Called for a field that is left out. `reason` may quote values of the row, `kind` does not. */
export type OnOmitted = (field: string, reason: string, kind: string) => void;

const NO_COLUMN = "the row has no such column";

/** Builds the traits or properties of a row. */
export class Mapping {
  readonly #readers: readonly (readonly [string, Reader])[] | null;

  /** @throws CdcError CONFIGURATION if an expression does not compile */
  constructor(fields: Fields, declared: ReadonlySet<string>) {
    if (fields === "*") this.#readers = null;
    else {
      const entries = Array.isArray(fields)
        ? fields.map((name: string): [string, MappedValue] => [name, name])
        : Object.entries(fields as { [name: string]: MappedValue });
      this.#readers = entries.map(([name, mapped]) => [name, mappedReader(mapped, declared)]);
    }
  }

  get columns(): readonly (readonly string[] | "*")[] {
    return this.#readers === null ? ["*"] : this.#readers.map(([, reader]) => reader.columns);
  }

  build(
    row: Row,
    absent: ReadonlySet<string>,
    onOmitted: OnOmitted,
  ): { [name: string]: SegmentValue } {
    const result: { [name: string]: SegmentValue } = {};
    if (this.#readers === null) {
      for (const name of Object.keys(row))
        setOwn(result, name, segmentValue(column(row, name) as Value));
      return result;
    }
    for (const [name, reader] of this.#readers) {
      try {
        const value = reader.read(row, absent);
        if (value === undefined) onOmitted(name, NO_COLUMN, NO_COLUMN);
        else setOwn(result, name, segmentValue(value));
      } catch (error) {
        onOmitted(name, messageOf(error).split("\n")[0] ?? "", failureKind(error));
      }
    }
    return result;
  }
}
