import type { ColumnTypeSetting, ModelSettings } from "../config/model-settings.ts";
import type { MappedSetting } from "../config/setting-kinds.ts";
import { compileExpression } from "../data/expression.ts";
import type { TopicFormat } from "../decode/decoder.ts";
import type { ColumnType } from "../decode/value/column-types.ts";
import type { ModelTopology } from "./model-topology.ts";

/** How the records of a topic are decoded, which all models over it share. */
export function compileFormat(
  topic: string,
  model: ModelSettings,
  models: readonly ModelTopology[],
): TopicFormat {
  const { columns, beforeImage, unavailableValue } = model;
  return {
    topic,
    key: keyFields(model.key),
    columns: new Map(Object.entries(columns).map(([name, type]) => [name, columnType(type)])),
    beforeIsComplete: beforeImage === undefined ? undefined : beforeImage === "full",
    unavailableValue,
    followKeys: model.keyChange === "changed",
    expressionColumns: [...new Set(models.flatMap(expressionColumns))],
  };
}

function keyFields(key: ModelSettings["key"]): readonly string[] | null {
  if (key === undefined) return null;
  return Array.isArray(key) ? key : Object.values(key);
}

function columnType(setting: ColumnTypeSetting): ColumnType {
  return typeof setting === "string" ? { type: setting } : setting;
}

function expressionColumns({ filter, syncs }: ModelTopology): string[] {
  const mapped = syncs.flatMap(({ options }) => {
    const { fields, userId, anonymousId } = options;
    const values =
      typeof fields === "object" && !Array.isArray(fields) ? Object.values(fields) : [];
    return [userId, anonymousId, ...values] as (MappedSetting | undefined)[];
  });
  const columns = mapped.map((value) =>
    typeof value === "object" && "cel" in value ? compileExpression(value.cel).columns : [],
  );
  return [filter.columns, ...columns].flatMap((names) => (names === "*" ? [] : names));
}
