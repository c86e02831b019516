import { type Filter, filterOf } from "../classify/filter.ts";
import type { ModelSettings } from "../config/model-settings.ts";
import type { Settings } from "../config/settings.ts";
import type { SyncSettings } from "../config/sync-settings.ts";
import { idNamespace } from "../map/message-id.ts";
import { Sync, type SyncOptions } from "../map/sync.ts";
import type { SyncFingerprint } from "../state/sync-versions.ts";
import { fieldsOf, fingerprint } from "./fingerprint.ts";

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

/** @throws CdcError CONFIGURATION where an expression does not compile */
export function compileModel(
  name: string,
  model: ModelSettings,
  settings: Settings,
): ModelTopology {
  const declared = new Set(Object.keys(model.columns));
  const namespace = idNamespace(settings.name, settings.segment.writeKey);
  return {
    name,
    where: model.where,
    filter: filterOf(name, model.where, declared),
    syncs: Object.entries(settings.syncs)
      .filter(([, sync]) => sync.model === name)
      .map(([syncName, sync]) =>
        compileSync(syncOptions(syncName, sync, declared, namespace), model, sync),
      ),
  };
}

function compileSync(options: SyncOptions, model: ModelSettings, sync: SyncSettings): SyncTopology {
  return {
    sync: new Sync(options),
    options,
    fingerprint: fingerprint(model, sync),
    initialResults: sync.type === "identify" ? "send" : sync.initialResults,
    missingUser: sync.missingUser,
  };
}

function syncOptions(
  name: string,
  sync: SyncSettings,
  declared: ReadonlySet<string>,
  namespace: string,
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
    idNamespace: namespace,
  };
}
