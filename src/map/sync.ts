import { isoText } from "../data/instant.ts";
import type { MessageKind } from "../data/last-message.ts";
import { column, type Row, type Value } from "../data/row.ts";
import { sameUser, type User } from "../data/user.ts";
import { CdcError } from "../lib/errors.ts";
import { type Fields, Mapping, type OnOmitted } from "./mapping.ts";
import { type MessageIdInput, messageId } from "./message-id.ts";
import { type MappedValue, mappedReader } from "./reader.ts";
import type { SegmentValue } from "./segment-value.ts";
import { timestampOf } from "./timestamp.ts";
import { UserReader } from "./user.ts";

/** The compiled settings of a sync. */
export type SyncOptions = {
  readonly name: string;
  readonly type: "identify" | "track" | "track-entered-exited";
  readonly userId?: MappedValue;
  readonly anonymousId?: MappedValue;
  readonly fields: Fields;
  /** track: the event name for each kind of change; a kind without a name is not sent. */
  readonly events: {
    readonly added?: string;
    readonly changed?: string;
    readonly removed?: string;
  };
  readonly timestamp?: string;
  readonly messageId?: string;
  readonly watch?: readonly string[] | "*";
  /** Columns whose types the model declares: expressions read them as null if the row lacks them. */
  readonly declared: ReadonlySet<string>;
  /** Part of all message ids of the pipeline. */
  readonly idNamespace: string;
};

/** A change to map. */
export type MappedChange = {
  readonly reason: "added" | "changed" | "removed";
  readonly previous: Row | null;
  readonly next: Row | null;
  readonly absent: ReadonlySet<string>;
  /** The user of the next row; not used for `removed`. */
  readonly user: User | null;
  /** The user of the previous row; `null` if it has not been read yet. */
  readonly previousUser: User | null;
};

/** The source of a change: the parts of its message ids, and its time. */
export type ChangeSource = Omit<MessageIdInput, "sync" | "kind"> & {
  /** Commit time in the database, ms since 1970. */
  readonly time: number;
};

/** An element of Segment's `batch`. */
export type SegmentMessage = {
  readonly type: "identify" | "track";
  readonly event?: string;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly traits?: { readonly [name: string]: SegmentValue };
  readonly properties?: { readonly [name: string]: SegmentValue };
  readonly timestamp: string;
  readonly messageId: string;
};

const ENTERED = "Segment Entered";
const EXITED = "Segment Exited";

/** Segment recommends at most 99 characters. */
const LONGEST_ID = 99;

/** Maps the changes of one sync to Segment messages. */
export class Sync {
  readonly name: string;
  /** A difference in one of these columns makes a row changed: the columns of ids and mapping, or `watch`. */
  readonly watched: readonly string[] | "*";
  readonly #options: SyncOptions;
  readonly #users: UserReader;
  readonly #mapping: Mapping;

  /** @throws CdcError CONFIGURATION if an expression does not compile */
  constructor(options: SyncOptions) {
    const reader = (mapped: MappedValue | undefined) =>
      mapped === undefined ? undefined : mappedReader(mapped, options.declared);
    this.name = options.name;
    this.#options = options;
    this.#users = new UserReader(reader(options.userId), reader(options.anonymousId));
    this.#mapping = new Mapping(options.fields, options.declared);
    this.watched = options.watch ?? union([...this.#users.columns, ...this.#mapping.columns]);
  }

  get hasMessageIdColumn(): boolean {
    return this.#options.messageId !== undefined;
  }

  /** Whether a member whose user changes leaves the audience under one user and enters it under another. */
  get isAudience(): boolean {
    return this.#options.type === "track-entered-exited";
  }

  /** The kind of a message of a change. */
  kindOf({ event }: SegmentMessage, reason: MappedChange["reason"]): MessageKind {
    const { type } = this.#options;
    if (type === "track") return reason;
    return type === "identify" ? type : event === EXITED ? "exited" : "entered";
  }

  /** The id of a message unless a column contains it. */
  derivedId(input: Omit<MessageIdInput, "sync">): string {
    return messageId(this.#options.idNamespace, { ...input, sync: this.name });
  }

  user(row: Row, absent: ReadonlySet<string>): User | null {
    return this.#users.read(row, absent);
  }

  /**
   * The messages of a change; none if the sync does not send this kind of change.
   * @throws CdcError UNREADABLE_TIMESTAMP
   */
  messages(
    change: MappedChange,
    changeSource: ChangeSource,
    onOmitted: OnOmitted,
  ): readonly SegmentMessage[] {
    const { reason, user } = change;
    const previous = (as: MessageKind, previousUser = this.#previousUser(change)) =>
      this.#message(change.previous as Row, previousUser, change, changeSource, onOmitted, as);
    const next = (as: MessageKind) =>
      this.#message(change.next as Row, user, change, changeSource, onOmitted, as);
    switch (this.#options.type) {
      case "identify":
        return reason === "removed" ? [] : [next("identify")];
      case "track":
        if (this.#options.events[reason] === undefined) return [];
        return [reason === "removed" ? previous("removed") : next(reason)];
      case "track-entered-exited": {
        if (reason === "added") return [next("entered")];
        if (reason === "removed") return [previous("exited")];
        if (change.previous === null) return [next("entered")];
        const previousUser = this.#previousUser(change);
        if (sameUser(previousUser, user)) return [];
        return [previous("exited", previousUser), next("entered")];
      }
    }
  }

  #previousUser({ previous, absent, previousUser }: MappedChange): User | null {
    return previousUser ?? this.user(previous as Row, absent);
  }

  /** @param row the next row, or the previous one if it was removed or its user changed */
  #message(
    row: Row,
    user: User | null,
    change: MappedChange,
    changeSource: ChangeSource,
    onOmitted: OnOmitted,
    kind: MessageKind,
  ): SegmentMessage {
    const fields = this.#mapping.build(row, change.absent, onOmitted);
    const timestamp = this.#timestamp(change, changeSource);
    const messageId = this.#messageId(change, changeSource, kind);
    if (kind === "identify")
      return { type: "identify", ...user, timestamp, messageId, traits: fields };
    const event = this.#event(kind);
    return { type: "track", event, ...user, timestamp, messageId, properties: fields };
  }

  #event(kind: MessageKind): string {
    if (kind === "entered") return ENTERED;
    if (kind === "exited") return EXITED;
    return this.#options.events[kind as "added" | "changed" | "removed"] as string;
  }

  /** The timestamp column of the next row. A deleted row has none: its message has the commit time of the delete. */
  #timestamp({ next }: MappedChange, changeSource: ChangeSource): string {
    const { timestamp } = this.#options;
    const value = timestamp === undefined || next === null ? null : column(next, timestamp);
    if (timestamp === undefined || value === undefined || value === null) {
      return isoText(changeSource.time);
    }
    return timestampOf(timestamp, value);
  }

  /** The messageId column, unchanged, if its value is usable and differs from the previous one; else the derived id. */
  #messageId(
    { previous, next }: MappedChange,
    changeSource: ChangeSource,
    kind: MessageKind,
  ): string {
    const { messageId: name } = this.#options;
    if (name !== undefined && next !== null && kind !== "removed" && kind !== "exited") {
      const own = idText(column(next, name));
      const last = previous === null ? undefined : idText(column(previous, name));
      if (own !== undefined && own.length <= LONGEST_ID && own !== last) return own;
    }
    const { table, key, topic, changeId } = changeSource;
    return this.derivedId({ table, key, kind, topic, changeId });
  }
}

/** The error that rejects a row without a user. */
export function missingUser(
  options: Pick<SyncOptions, "name" | "userId" | "anonymousId">,
  row: Row,
): CdcError {
  const named = [options.userId, options.anonymousId].filter(
    (mapped) => typeof mapped === "string",
  );
  const lacking = named.filter((name) => column(row, name) === undefined);
  const reason =
    lacking.length > 0
      ? `the row has no column ${lacking.join(" or ")}; it has ${Object.keys(row).join(", ")}`
      : `${named.length > 0 ? `column ${named.join(" and ")}` : "the mapped id"} is empty`;
  return new CdcError(
    "MISSING_USER",
    `sync "${options.name}": Segment drops a call without userId and anonymousId, and ${reason}; ` +
      "map another column, filter such rows out with `where`, or set missingUser: ignore",
  );
}

function idText(value: Value | undefined): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" || typeof value === "bigint" ? String(value) : undefined;
}

function union(sets: readonly (readonly string[] | "*")[]): readonly string[] | "*" {
  if (sets.includes("*")) return "*";
  return [...new Set((sets as readonly (readonly string[])[]).flat())];
}
