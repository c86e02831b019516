import { hash } from "node:crypto";
import { type Filter, filterOf } from "../classify/filter.ts";
import {
  type ColumnTypeSetting,
  differentReadings,
  type ModelSettings,
  topicsOf,
} from "../config/model-settings.ts";

import type { FieldsSetting, MappedSetting } from "../config/setting-kinds.ts";
import type { Settings } from "../config/settings.ts";
import type { SyncSettings } from "../config/sync-settings.ts";
import { compileExpression } from "../data/expression.ts";
import { matchesTopic, parseTopicPattern, type TopicPattern } from "../data/topic-pattern.ts";
import type { TopicFormat } from "../decode/decoder.ts";
import type { ColumnType } from "../decode/value/column-types.ts";
import { CdcError } from "../lib/errors.ts";
import { idNamespace } from "../map/message-id.ts";
import { Sync, type SyncOptions } from "../map/sync.ts";
import type { SyncFingerprint } from "../state/sync-versions.ts";

/** Everything that reads one topic: how its records are decoded, and the models and syncs over its rows. */
export type TopicTopology = {
  readonly topic: string;
  readonly format: TopicFormat;
  readonly onTruncate: "remove" | "ignore" | "stop";
  /** How long the create of a changed primary key waits for the row that it had. */
  readonly keyChangeTimeout_ms: number;
  /** Whether rows that a complete snapshot no longer contains are removed, and how long after its end. */
  readonly reconcile: boolean;
  readonly reconcileDelay_ms: number;
  readonly models: readonly ModelTopology[];
};

export type ModelTopology = {
  readonly name: string;
  /** The filter as it is written. */
  readonly where: string | undefined;
  readonly filter: Filter;
  readonly syncs: readonly SyncTopology[];
};

export type SyncTopology = {
  readonly sync: Sync;
  readonly options: SyncOptions;
  readonly fingerprint: SyncFingerprint;
  readonly initialResults: "skip" | "send";
  readonly missingUser: "deadLetter" | "ignore" | "stop";
};

/** The plans of all topics that the settings name; one that only a pattern names is planned when it is first seen. */
export class Topology {
  /** Every topic by name, and the patterns. */
  readonly topics: readonly TopicPattern[];
  readonly #models: readonly {
    readonly names: readonly TopicPattern[];
    readonly model: ModelSettings;
    readonly topicTopology: ModelTopology;
  }[];
  readonly #topology = new Map<string, TopicTopology | undefined>();

  /** @throws CdcError CONFIGURATION where an expression does not compile */
  constructor(settings: Settings) {
    const models = Object.entries(settings.models);
    this.#models = models.map(([name, model]) => ({
      names: topicsOf(model).map(parseTopicPattern),
      model,
      topicTopology: compileModel(name, model, settings),
    }));
    this.topics = [...new Set(models.flatMap(([, model]) => topicsOf(model)))].map(
      parseTopicPattern,
    );
  }

  /**
   * The plan of a topic; none where no model reads it.
   * @throws CdcError CONFIGURATION where two models would read it differently
   */
  get(topic: string): TopicTopology | undefined {
    if (!this.#topology.has(topic)) this.#topology.set(topic, this.#topicTopology(topic));
    return this.#topology.get(topic);
  }

  #topicTopology(topic: string): TopicTopology | undefined {
    const readers = this.#models.filter(({ names }) =>
      names.some((name) => matchesTopic(name, topic)),
    );
    const [first, ...others] = readers;
    if (!first) return undefined;
    for (const { model, topicTopology } of others)
      requireAlike(topic, first, { model, topicTopology });
    const topology = readers.map(({ topicTopology }) => topicTopology);
    const { onTruncate, keyChangeTimeout, reconcile, reconcileDelay } = first.model;
    return {
      topic,
      format: formatOf(topic, first.model, topology),
      onTruncate,
      keyChangeTimeout_ms: keyChangeTimeout,
      reconcile,
      reconcileDelay_ms: reconcileDelay,
      models: topology,
    };
  }
}

type Reading = { readonly model: ModelSettings; readonly topicTopology: ModelTopology };

/** Models that meet in a topic only by their patterns share its rows too. */
function requireAlike(topic: string, a: Reading, b: Reading): void {
  const [different] = differentReadings(a.model, b.model);
  if (different === undefined) return;
  throw new CdcError(
    "CONFIGURATION",
    `models "${a.topicTopology.name}" and "${b.topicTopology.name}" both read ${topic} and share its rows; write the same \`${different}\` in both`,
  );
}

function compileModel(name: string, model: ModelSettings, settings: Settings): ModelTopology {
  const declared = new Set(Object.keys(model.columns));
  const space = idNamespace(settings.name, settings.segment.writeKey);
  return {
    name,
    where: model.where,
    filter: filterOf(name, model.where, declared),
    syncs: Object.entries(settings.syncs)
      .filter(([, sync]) => sync.model === name)
      .map(([syncName, sync]) => {
        const options = syncOptions(syncName, sync, declared, space);
        return {
          sync: new Sync(options),
          options,
          fingerprint: fingerprint(model, sync),
          initialResults: sync.type === "identify" ? "send" : sync.initialResults,
          missingUser: sync.missingUser,
        };
      }),
  };
}

function syncOptions(
  name: string,
  sync: SyncSettings,
  declared: ReadonlySet<string>,
  space: string,
): SyncOptions {
  const { type, userId, anonymousId, timestamp, messageId, watch } = sync;
  return {
    name,
    type,
    userId,
    anonymousId,
    timestamp,
    messageId,
    watch,
    fields: fieldsOf(sync),
    events: sync.type === "track" ? sync.events : {},
    declared,
    idNamespace: space,
  };
}

function fieldsOf(sync: SyncSettings): FieldsSetting {
  return sync.type === "identify" ? sync.traits : sync.properties;
}

/** Event names, timestamp and messageId may change at any time: they say how a change is told, not what it is. */
function fingerprint({ where, key, columns }: ModelSettings, sync: SyncSettings): SyncFingerprint {
  const { type, userId, anonymousId, watch } = sync;
  return {
    reading: hashOf(key, columns),
    type,
    filter: hashOf(where),
    users: hashOf(userId, anonymousId),
    mapping: hashOf(fieldsOf(sync), watch),
  };
}

function hashOf(...parts: readonly unknown[]): string {
  const text = JSON.stringify(parts.map((part) => part ?? null));
  return hash("sha256", text, "base64url").slice(0, 12);
}

function formatOf(
  topic: string,
  model: ModelSettings,
  topology: readonly ModelTopology[],
): TopicFormat {
  const { key, columns, beforeImage, unavailableValue } = model;
  return {
    topic,
    key:
      key === undefined
        ? null
        : Array.isArray(key)
          ? key
          : Object.values(key as Record<string, string>),
    columns: new Map(Object.entries(columns).map(([name, type]) => [name, columnType(type)])),
    beforeIsComplete: beforeImage === undefined ? undefined : beforeImage === "full",
    unavailableValue,
    followKeys: model.keyChange === "changed",
    expressionColumns: [...new Set(topology.flatMap(expressionColumns))],
  };
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
