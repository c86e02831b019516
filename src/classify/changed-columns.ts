import { column, equal, type Row } from "../data/row.ts";

/** What a comparison knows besides the two rows. */
export type ComparisonContext = {
  /** Column defaults of the record's schema. */
  readonly defaults: Row | null;
  /** Columns of the previous row that had a value which no record contained. */
  readonly unknown: readonly string[];
};

const NONE: readonly string[] = [];

/** The columns whose value differs between the rows, in the given order. */
export function changedColumns(
  columns: readonly string[] | "*",
  previous: Row,
  next: Row,
  context: ComparisonContext,
): readonly string[] {
  let changed: string[] | null = null;
  for (const name of columns === "*" ? Object.keys(next) : columns) {
    if (!isChanged(name, previous, next, context)) continue;
    if (changed === null) changed = [name];
    else changed.push(name);
  }
  return changed ?? NONE;
}

/** Whether any column differs; stops at the first difference. */
export function hasChanged(previous: Row, next: Row, context: ComparisonContext): boolean {
  for (const name of Object.keys(next)) if (isChanged(name, previous, next, context)) return true;
  return false;
}

/**
 * - Missing in the next row: not changed. The column was dropped, or it is a generated column that only snapshots
 *   contain.
 * - Missing in the previous row: compared with the default of the record's schema, else with NULL.
 * - Unknown in the previous row: changed, because it was not NULL.
 */
function isChanged(
  name: string,
  previous: Row,
  next: Row,
  { defaults, unknown }: ComparisonContext,
): boolean {
  const now = column(next, name);
  if (now === undefined) return false;
  const before = column(previous, name);
  if (before !== undefined) return now !== before && !equal(now, before);
  if (unknown.includes(name)) return true;
  const byDefault = (defaults && column(defaults, name)) ?? null;
  return now !== byDefault && !equal(now, byDefault);
}
