import { nearest } from "../../config/suggest.ts";
import { compileExpression } from "../../data/expression.ts";
import type { MappedValue } from "../../map/reader.ts";
import type { SyncOptions } from "../../map/sync.ts";
import type { TopicTopology } from "../../topology/topology.ts";
import { type Finding, problem, warning } from "./finding.ts";
import { columnsOf, newestRows, type Sample } from "./rows.ts";

/** A column, the setting that names it, and the expression if it is in one. */
type Named = { readonly about: string; readonly column: string; readonly cel?: string };

/** Columns that the settings name and the rows lack, with the nearest existing names. */
export function checkNames(
  topicTopology: TopicTopology,
  samples: readonly Sample[],
): readonly Finding[] {
  const newest = newestRows(samples);
  if (newest.length === 0) return [];
  const known = new Set(newest.flatMap(({ event }) => columnsOf(event)));
  const lacks = ({ column }: Named) => !known.has(column) && !known.has(column.split(".")[0] ?? "");
  const has = [...known].toSorted();
  const text = ({ column }: Named) =>
    `names the column "${column}", which the rows of ${topicTopology.topic} lack; ${nearest(column, has, "they have")}`;
  const mapped = topicTopology.models.flatMap(({ name, filter, where, syncs }) => [
    ...named(`model ${name}: where`, filter.columns, where),
    ...syncs.flatMap(({ options }) => namedBy(options)),
  ]);
  const declared = [...topicTopology.format.columns.keys()].map((column) => ({
    about: `models over ${topicTopology.topic}: columns`,
    column,
  }));
  return [
    ...mapped.filter(lacks).map((one) =>
      // An expression with has(row.x) expects that the column may be absent.
      one.cel?.includes(`has(row.${one.column})`)
        ? warning(one.about, text(one))
        : problem(one.about, text(one)),
    ),
    ...declared.filter(lacks).map((one) => warning(one.about, text(one))),
    ...pathsIntoText(topicTopology, newest),
  ];
}

/** `prefs.dark` where `prefs` is text: only a declared type makes it JSON. */
function pathsIntoText(
  topicTopology: TopicTopology,
  newest: readonly Sample[],
): readonly Finding[] {
  const names = topicTopology.models.flatMap(({ syncs }) =>
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
            `reads a field of the column "${outer}", which is text; if it contains JSON, declare \`${outer}: json\` in the model's columns`,
          ),
        ];
  });
}

function namedBy({ name, userId, anonymousId, fields, ...options }: SyncOptions): readonly Named[] {
  const about = (setting: string) => `sync ${name}: ${setting}`;
  const setting = options.type === "identify" ? "traits" : "properties";
  const entries: readonly (readonly [string, MappedValue])[] =
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

function mappedColumns(about: string, mapped: MappedValue | undefined): readonly Named[] {
  if (mapped === undefined) return [];
  if (typeof mapped === "string") return [{ about, column: mapped }];
  return "cel" in mapped ? named(about, compileExpression(mapped.cel).columns, mapped.cel) : [];
}

function named(about: string, columns: readonly string[] | "*", cel?: string): readonly Named[] {
  return columns === "*" ? [] : columns.map((column) => ({ about, column, cel }));
}
