import type { Row } from "../../src/data/row.ts";
import { idNamespace } from "../../src/map/message-id.ts";
import {
  type ChangeSource,
  type MappedChange,
  type SegmentMessage,
  Sync,
  type SyncOptions,
} from "../../src/map/sync.ts";

const NONE: ReadonlySet<string> = new Set();

export function syncWith(options: Partial<SyncOptions>): Sync {
  return new Sync({
    name: "sync",
    type: "track",
    userId: "id",
    fields: {},
    events: { added: "Added", changed: "Changed", removed: "Removed" },
    declared: NONE,
    idNamespace: idNamespace("shop", "secret"),
    ...options,
  });
}

export const added = (next: Row): MappedChange => ({
  kind: "added",
  previous: null,
  next,
  absent: NONE,
});
export const changed = (previous: Row, next: Row): MappedChange => ({
  kind: "changed",
  previous,
  next,
  absent: NONE,
});
/** Removed by a delete, or by the filter if there is a next row. */
export const removed = (previous: Row, next: Row | null = null): MappedChange => ({
  kind: "removed",
  previous,
  next,
  absent: NONE,
});

export const COMMITTED = "2024-01-01T00:00:00.000Z";

const CHANGE_SOURCE: ChangeSource = {
  table: "public.users",
  key: "[1]",
  topic: "app.public.users",
  changeId: "postgresql|00000000000000001000",
  time: Date.parse(COMMITTED),
};

export type MappedValue = {
  readonly messages: readonly SegmentMessage[];
  readonly omitted: readonly string[];
};

/** The messages of a change, and the omitted fields. */
export function mapped(options: Partial<SyncOptions>, change: MappedChange): MappedValue {
  const omitted: string[] = [];
  const messages = syncWith(options).messages(change, CHANGE_SOURCE, (field) =>
    omitted.push(field),
  );
  return { messages, omitted };
}
