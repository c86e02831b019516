import { isDeepStrictEqual } from "node:util";
import * as assert from "uvu/assert";
import type { Case } from "./agreement-case.ts";
import { columnType } from "./column-type.ts";
import {
  type DatabaseRow,
  expectedHistories,
  type History,
  type Kind,
  type Step,
} from "./expected-data.ts";
import { type PreviewedChange, previewed, sent } from "./previewed-rows.ts";

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

type Difference = { readonly row: string; readonly column: string; readonly values: string };

/** Compares the output of `preview` with the changes that database triggers logged. */
export async function assertAgreement(of: Case, directory: string): Promise<void> {
  const {
    name,
    omitted = {},
    invisible = {},
    expectedData = name,
    otherValues = {},
    model = {},
  } = of;
  const keys = Object.fromEntries(Object.entries(of.keys).filter(([table]) => !omitted[table]));
  const seen = await previewed({ ...of, keys }, directory);
  const expected = expectedHistories(expectedData, keys, model.keyChange ?? "removed and added");

  const kinds = new Map([...expected].map(([row, { steps }]) => [row, kindsOf(steps)]));
  for (const [row, { kinds: instead }] of Object.entries(invisible)) {
    assert.not.equal(kinds.get(row), instead, `${row} is in Kafka: remove it from the list`);
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
    (name) => !explained.has(name) && !omitted[name.slice(0, name.lastIndexOf(" "))],
  );
  assert.equal(needless, [], "these values are in Kafka: remove them from the list");
}

/** A row with changes that Kafka does not contain has some of its versions, in order. */
function differencesOf(
  of: Case,
  row: string,
  messages: readonly PreviewedChange[],
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
    const closest = candidates.findIndex(({ length }) => length === least);
    from += closest;
    return candidates[closest] ?? [];
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
          logged === null ? null : columnType(types[column] ?? "text").sentValue(logged);
        return [(of.columnName ?? String)(column), value];
      }),
  );
  return [...new Set([...wanted.keys(), ...Object.keys(properties)])]
    .filter((column) => !isDeepStrictEqual(properties[column], wanted.get(column)))
    .map((column) => ({
      row,
      column,
      values: `${shown(properties[column])}, in the database ${shown(wanted.get(column))}`,
    }));
}

function kindsOf(steps: readonly (Step | PreviewedChange)[]): readonly Kind[] {
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
