import { celResult, compileExpression } from "../data/expression.ts";
import { column, type Row, type Value } from "../data/row.ts";

/** A column, a constant, or an expression. */
export type MappedValue = string | { readonly value: unknown } | { readonly cel: string };

/** Reads one mapped value from a row. */
export type Reader = {
  /** The columns that it reads; `"*"` for the whole row. */
  readonly columns: readonly string[] | "*";
  /**
   * The value; `undefined` if the row does not have the column.
   * @throws an error of CEL if an expression fails on this row
   */
  readonly read: (row: Row, absent: ReadonlySet<string>) => Value | undefined;
};

/** @throws CdcError CONFIGURATION if an expression does not compile */
export function mappedReader(mapped: MappedValue, declared: ReadonlySet<string>): Reader {
  if (typeof mapped === "string") return columnReader(mapped);
  if ("value" in mapped) {
    const constant = mapped.value as Value;
    return { columns: [], read: () => constant };
  }
  const expression = compileExpression(mapped.cel);
  return {
    columns: expression.columns,
    read: (row, absent) =>
      celResult(expression.evaluate(row, absent.size === 0 ? declared : declared.union(absent))),
  };
}

/**
 * `prefs.dark` reads a member of a JSON column; a column whose own name contains the dot wins. A missing member is NULL,
 * as in SQL, so a removed member unsets its trait.
 */
function columnReader(name: string): Reader {
  const [first = name, ...path] = name.split(".");
  if (path.length === 0) return { columns: [name], read: (row) => column(row, name) };
  return {
    columns: [name, first],
    read: (row) => {
      const own = column(row, name);
      if (own !== undefined) return own;
      const outer = column(row, first);
      return outer === undefined ? undefined : path.reduce<Value>(inside, outer);
    },
  };
}

function inside(value: Value, name: string): Value {
  if (value === null || typeof value !== "object") return null;
  return column(value as Row, name) ?? null;
}
