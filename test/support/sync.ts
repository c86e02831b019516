import type { Row } from "../../src/data/row.ts";
import { idSpace } from "../../src/map/message-id.ts";
import {
  type MappedChange,
  type Message,
  type Occasion,
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
    idSpace: idSpace("shop", "secret"),
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
/** By a delete, or with the next row by the filter. */
export const removed = (previous: Row, next: Row | null = null): MappedChange => ({
  kind: "removed",
  previous,
  next,
  absent: NONE,
});

export const COMMITTED = "2024-01-01T00:00:00.000Z";

const OCCASION: Occasion = {
  table: "public.users",
  key: "[1]",
  topic: "app.public.users",
  place: "postgresql|00000000000000001000",
  time: Date.parse(COMMITTED),
};

export type Mapped = { readonly messages: readonly Message[]; readonly leftOut: readonly string[] };

/** The messages of a change, and the fields that were left out. */
export function mapped(options: Partial<SyncOptions>, change: MappedChange): Mapped {
  const leftOut: string[] = [];
  const messages = syncWith(options).messages(change, OCCASION, (field) => leftOut.push(field));
  return { messages, leftOut };
}
