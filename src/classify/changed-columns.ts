import { column, equal, type Row } from "../data/row.ts";

/**
 * Whether any of the columns has another value now. A column that the row no longer has (dropped from the table, or a
 * generated one that only snapshots carry) is no difference; one that the previous row did not have yet counts as its
 * default by the record's schema, else as NULL. A value that was `unknown` and is seen now is a difference: it was not NULL.
 */
export function hasChanged(
  columns: readonly string[] | "*",
  previous: Row,
  next: Row,
  defaults: Row | null,
  unknown: readonly string[] = [],
): boolean {
  let unknownNames: ReadonlySet<string> | undefined;
  for (const name of columns === "*" ? Object.keys(next) : columns) {
    const now = column(next, name);
    if (now === undefined) continue;
    // NULL that was known is a value: only a column that was not there takes the default.
    const known = column(previous, name);
    if (known === undefined) {
      unknownNames ??= new Set(unknown);
      if (unknownNames.has(name)) return true;
    }
    const then = known === undefined ? ((defaults && column(defaults, name)) ?? null) : known;
    if (now !== then && !equal(now, then)) return true;
  }
  return false;
}

/** The columns of those that have another value, or a value again, for a person to see. */
export function changedColumns(
  columns: readonly string[] | "*",
  previous: Row,
  next: Row,
): readonly string[] {
  const names = columns === "*" ? Object.keys(next) : columns;
  return names.filter((name) => hasChanged([name], previous, next, null));
}
