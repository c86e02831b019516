import { hash } from "node:crypto";
import type { ModelSettings } from "../config/model-settings.ts";
import type { FieldsSetting } from "../config/setting-kinds.ts";
import type { SyncSettings } from "../config/sync-settings.ts";
import type { SyncFingerprint } from "../state/sync-versions.ts";

/**
 * Hashes of the settings whose change needs a backfill. Event names, timestamp and messageId are not among them: they
 * decide how a change is sent, not what changed. Stored state has these hashes, so they must never change.
 */
export function fingerprint(
  { where, key, columns }: ModelSettings,
  sync: SyncSettings,
): SyncFingerprint {
  const { type, userId, anonymousId, watch } = sync;
  return {
    reading: hashOf(key, columns),
    type,
    filter: hashOf(where),
    users: hashOf(userId, anonymousId),
    mapping: hashOf(fieldsOf(sync), watch),
  };
}

/** The traits or properties of a sync. */
export function fieldsOf(sync: SyncSettings): FieldsSetting {
  return sync.type === "identify" ? sync.traits : sync.properties;
}

function hashOf(...parts: readonly unknown[]): string {
  const text = JSON.stringify(parts.map((part) => part ?? null));
  return hash("sha256", text, "base64url").slice(0, 12);
}
