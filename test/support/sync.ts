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

/** A change whose users the sync has still to read. */
export type UnreadChange = Omit<MappedChange, "user" | "previousUser">;

export const added = (next: Row): UnreadChange => ({
  reason: "added",
  previous: null,
  next,
  absent: NONE,
});
export const changed = (previous: Row, next: Row): UnreadChange => ({
  reason: "changed",
  previous,
  next,
  absent: NONE,
});
/** By a delete, or with the next row by the filter. */
export const removed = (previous: Row, next: Row | null = null): UnreadChange => ({
  reason: "removed",
  previous,
  next,
  absent: NONE,
});

/** The change as classify passes it on: with the user of the next row. */
export function withUser(sync: Sync, change: UnreadChange): MappedChange {
  const user = change.next && sync.user(change.next, change.absent);
  return { ...change, user, previousUser: null };
}

export const COMMITTED = "2024-01-01T00:00:00.000Z";

const CHANGE_SOURCE: ChangeSource = {
  table: "public.users",
  key: "[1]",
  topic: "app.public.users",
  changeId: "postgresql|00000000000000001000",
  time: Date.parse(COMMITTED),
};

export type Mapped = {
  readonly messages: readonly SegmentMessage[];
  readonly omitted: readonly string[];
};

/** The messages of a change, and the fields that were left out. */
export function mapped(options: Partial<SyncOptions>, change: UnreadChange): Mapped {
  const omitted: string[] = [];
  const sync = syncWith(options);
  const messages = sync.messages(withUser(sync, change), CHANGE_SOURCE, (field) =>
    omitted.push(field),
  );
  return { messages, omitted };
}
