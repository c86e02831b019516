import { nearest } from "../../config/suggest.ts";
import { compileExpression } from "../../data/expression.ts";
import type { Mapped } from "../../map/reader.ts";
import type { SyncOptions } from "../../map/sync.ts";
import type { TopicPlan } from "../../topology/topology.ts";
import { type Finding, problem, warning } from "./finding.ts";
import { columnsOf, newestRows, type Sample } from "./rows.ts";

/** A column, where the settings name it, and in which expression if in one. */
type Named = { readonly about: string; readonly column: string; readonly cel?: string };

/** What the settings name and the rows lack, with what the rows have that is near. */
export function checkNames(plan: TopicPlan, samples: readonly Sample[]): readonly Finding[] {
  const newest = newestRows(samples);
  if (newest.length === 0) return [];
  const known = new Set(newest.flatMap(({ event }) => columnsOf(event)));
  const lacks = ({ column }: Named) => !known.has(column) && !known.has(column.split(".")[0] ?? "");
  const has = [...known].toSorted();
  const text = ({ column }: Named) =>
    `names the column "${column}", which the rows of ${plan.topic} lack; ${nearest(column, has, "they have")}`;
  const mapped = plan.models.flatMap(({ name, filter, where, syncs }) => [
    ...named(`model ${name}: where`, filter.columns, where),
    ...syncs.flatMap(({ options }) => namedBy(options)),
  ]);
  const declared = [...plan.format.columns.keys()].map((column) => ({
    about: `models over ${plan.topic}: columns`,
    column,
  }));
  return [
    ...mapped.filter(lacks).map((one) =>
      // has(row.x) is how an expression says that it knows.
      one.cel?.includes(`has(row.${one.column})`)
        ? warning(one.about, text(one))
        : problem(one.about, text(one)),
    ),
    ...declared.filter(lacks).map((one) => warning(one.about, text(one))),
    ...textsReachedInto(plan, newest),
  ];
}

/** `prefs.dark` of a column that is text: without a type nobody knows that it is JSON. */
function textsReachedInto(plan: TopicPlan, newest: readonly Sample[]): readonly Finding[] {
  const names = plan.models.flatMap(({ syncs }) =>
    syncs.flatMap(({ options }) => namedBy(options)),
  );
  return names.flatMap(({ about, column, cel }) => {
    const [outer = "", inner] = column.split(".");
    const rows = newest.flatMap(({ event }) => (event.row ? [event.row] : []));
    const isOwn = rows.some((row) => Object.hasOwn(row, column));
    const isText = rows.some((row) => typeof row[outer] === "string");
    return inner === undefined || cel !== undefined || isOwn || !isText
      ? []
      : [
          warning(
            about,
            `reaches into the column "${outer}", which is text; if it holds JSON, declare \`${outer}: json\` in the model's columns`,
          ),
        ];
  });
}

function namedBy({ name, userId, anonymousId, fields, ...options }: SyncOptions): readonly Named[] {
  const about = (setting: string) => `sync ${name}: ${setting}`;
  const setting = options.type === "identify" ? "traits" : "properties";
  const entries: readonly (readonly [string, Mapped])[] =
    fields === "*"
      ? []
      : Array.isArray(fields)
        ? fields.map((column: string) => [column, column] as const)
        : Object.entries(fields);
  const columns = { timestamp: options.timestamp, messageId: options.messageId };
  return [
    ...mappedColumns(about("userId"), userId),
    ...mappedColumns(about("anonymousId"), anonymousId),
    ...entries.flatMap(([field, mapped]) => mappedColumns(about(`${setting}.${field}`), mapped)),
    ...Object.entries(columns).flatMap(([each, column]) => mappedColumns(about(each), column)),
    ...named(about("watch"), options.watch ?? []),
  ];
}

function mappedColumns(about: string, mapped: Mapped | undefined): readonly Named[] {
  if (mapped === undefined) return [];
  if (typeof mapped === "string") return [{ about, column: mapped }];
  return "cel" in mapped ? named(about, compileExpression(mapped.cel).columns, mapped.cel) : [];
}

function named(about: string, columns: readonly string[] | "*", cel?: string): readonly Named[] {
  return columns === "*" ? [] : columns.map((column) => ({ about, column, cel }));
}
