import { isDeepStrictEqual } from "node:util";
import * as assert from "uvu/assert";
import type { Case } from "./agreement-case.ts";
import { columnType } from "./column-type.ts";
import { previewed, type Seen, sent } from "./previewed-rows.ts";
import {
  type DatabaseRow,
  expectedHistories,
  type History,
  type Kind,
  type Step,
} from "./truth.ts";

/** The tables of the main PostgreSQL scenario, which was recorded in several formats. */
export const POSTGRES_KEYS = {
  users: ["id"],
  subscriptions: ["user_id", "product"],
  devices: ["id"],
  settings: ["name"],
  "Weird Names": ["userId"],
  types_zoo: ["id"],
  toasty: ["id"],
};

type Difference = { readonly row: string; readonly column: string; readonly told: string };

/** Holds what `preview` prints against what triggers in the database logged. */
export async function assertAgreement(of: Case, directory: string): Promise<void> {
  const { name, onOmitted = {}, invisible = {}, truth = name, otherValues = {}, model = {} } = of;
  const keys = Object.fromEntries(Object.entries(of.keys).filter(([table]) => !onOmitted[table]));
  const seen = await previewed({ ...of, keys }, directory);
  const expected = expectedHistories(truth, keys, model.keyChange ?? "removed and added");

  const kinds = new Map([...expected].map(([row, { steps }]) => [row, kindsOf(steps)]));
  for (const [row, { kinds: instead }] of Object.entries(invisible)) {
    assert.not.equal(kinds.get(row), instead, `${row} agrees by itself: take it off the list`);
    kinds.set(row, instead);
  }
  const seenKinds = new Map([...seen].map(([row, messages]) => [row, kindsOf(messages)]));
  assert.equal(sorted(seenKinds), sorted(kinds));

  const differences = [...seen].flatMap(([row, messages]) =>
    differencesOf(of, row, messages, expected.get(row), row in invisible),
  );
  const explained = new Set<string>();
  const unexplained = differences.filter(({ row, column }) => {
    const table = row.slice(0, row.lastIndexOf(" "));
    const why = [`${table} ${column}`, `${row} ${column}`].filter((name) => otherValues[name]);
    for (const name of why) explained.add(name);
    return why.length === 0;
  });
  assert.equal(unexplained, []);
  const needless = Object.keys(otherValues).filter(
    (name) => !explained.has(name) && !onOmitted[name.slice(0, name.lastIndexOf(" "))],
  );
  assert.equal(needless, [], "these values agree by themselves: take them off the list");
}

/** A row of which Kafka told less has passed through some of what it was, in that order. */
function differencesOf(
  of: Case,
  row: string,
  messages: readonly Seen[],
  history: History | undefined,
  invisible: boolean,
): Difference[] {
  const { steps = [], images = [] } = history ?? {};
  if (!invisible) {
    return messages.flatMap(({ properties }, step) =>
      differing(of, row, properties, steps[step]?.row ?? {}),
    );
  }
  let from = 0;
  return messages.flatMap(({ properties }) => {
    const candidates = images.slice(from).map((image) => differing(of, row, properties, image));
    const least = Math.min(...candidates.map(({ length }) => length));
    const at = candidates.findIndex(({ length }) => length === least);
    from += at;
    return candidates[at] ?? [];
  });
}

function differing(
  of: Case,
  row: string,
  properties: DatabaseRow,
  image: DatabaseRow,
): Difference[] {
  const table = row.slice(0, row.lastIndexOf(" "));
  const types = of.tables[table] ?? {};
  const wanted = new Map(
    Object.entries(image)
      .filter(([column]) => sent(table, column))
      .map(([column, logged]) => {
        const value =
          logged === null ? null : columnType(types[column] ?? "text").atSegment(logged);
        return [(of.columnName ?? String)(column), value];
      }),
  );
  return [...new Set([...wanted.keys(), ...Object.keys(properties)])]
    .filter((column) => !isDeepStrictEqual(properties[column], wanted.get(column)))
    .map((column) => ({
      row,
      column,
      told: `${shown(properties[column])}, in the database ${shown(wanted.get(column))}`,
    }));
}

function kindsOf(steps: readonly (Step | Seen)[]): readonly Kind[] {
  return steps.map(({ kind }) => kind);
}

function sorted(kinds: Map<string, readonly Kind[]>): string {
  return [...kinds]
    .map(([row, list]) => `${row}: ${list.join(" ")}`)
    .toSorted()
    .join("\n");
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 100);
}
