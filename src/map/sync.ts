import { isoText } from "../data/instant.ts";
import type { MessageKind } from "../data/last-message.ts";
import { column, type Row, type Value } from "../data/row.ts";
import { CdcError } from "../lib/errors.ts";
import { type Fields, Mapping, type OmittedField } from "./mapping.ts";
import { type MessageIdInput, messageId } from "./message-id.ts";
import { type MappedValue, readerOf } from "./reader.ts";
import type { SegmentValue } from "./segment-value.ts";
import { timestampOf } from "./timestamp.ts";
import { sameUser, type User, UserReader } from "./user.ts";

/** What a sync sends, as the settings say it. */
export type SyncOptions = {
  readonly name: string;
  readonly type: "identify" | "track" | "track-entered-exited";
  readonly userId?: MappedValue;
  readonly anonymousId?: MappedValue;
  readonly fields: Fields;
  /** track: the event's name by kind; a kind without a name is not sent. */
  readonly events: {
    readonly added?: string;
    readonly changed?: string;
    readonly removed?: string;
  };
  readonly timestamp?: string;
  readonly messageId?: string;
  readonly watch?: readonly string[] | "*";
  /** Columns whose types the model declares: expressions see them as null where the row lacks them. */
  readonly declared: ReadonlySet<string>;
  /** What all ids of the pipeline have in common. */
  readonly idNamespace: string;
};

/** A change as the map sees it. */
export type MappedChange = {
  readonly kind: "added" | "changed" | "removed";
  readonly previous: Row | null;
  readonly next: Row | null;
  readonly absent: ReadonlySet<string>;
};

/** The record behind the change. */
export type ChangeSource = Omit<MessageIdInput, "sync" | "kind"> & {
  /** Commit time in the database, ms since 1970. */
  readonly time: number;
};

/** A message to Segment as it stands in `batch`. */
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

const NONE: ReadonlySet<string> = new Set();

const ENTERED = "Segment Entered";
const EXITED = "Segment Exited";

/** Segment advises at most 99 characters. */
const LONGEST_ID = 99;

/** Turns the changes of one sync into Segment messages. */
export class Sync {
  readonly name: string;
  /** Columns whose difference makes a row changed: those that the ids and the mapping read, unless `watch` says otherwise. */
  readonly watched: readonly string[] | "*";
  readonly #options: SyncOptions;
  readonly #users: UserReader;
  readonly #mapping: Mapping;

  /** @throws CdcError CONFIGURATION where an expression does not compile */
  constructor(options: SyncOptions) {
    const reader = (mapped: MappedValue | undefined) =>
      mapped === undefined ? undefined : readerOf(mapped, options.declared);
    this.name = options.name;
    this.#options = options;
    this.#users = new UserReader(reader(options.userId), reader(options.anonymousId));
    this.#mapping = new Mapping(options.fields, options.declared);
    this.watched = options.watch ?? union([...this.#users.columns, ...this.#mapping.columns]);
  }

  /** Whether a column may name its messages. */
  get hasMessageIdColumn(): boolean {
    return this.#options.messageId !== undefined;
  }

  /** What one of the messages of a change is about. */
  kindOf({ event }: SegmentMessage, change: MappedChange["kind"]): MessageKind {
    const { type } = this.#options;
    if (type === "track") return change;
    return type === "identify" ? type : event === EXITED ? "exited" : "entered";
  }

  /** The id that a message has where no column names it. */
  derivedId(cause: Omit<MessageIdInput, "sync">): string {
    return messageId(this.#options.idNamespace, { ...cause, sync: this.name });
  }

  user(row: Row, absent: ReadonlySet<string>): User | null {
    return this.#users.read(row, absent);
  }

  /** Whether a row that stays in an audience does so under another user. */
  leavesAudience(previous: Row, next: Row): boolean {
    return (
      this.#options.type === "track-entered-exited" &&
      !sameUser(this.user(previous, NONE), this.user(next, NONE))
    );
  }

  /**
   * The messages of a change, none where the sync does not send its kind.
   * @throws CdcError UNREADABLE_TIMESTAMP
   */
  messages(
    change: MappedChange,
    changeSource: ChangeSource,
    onOmitted: OmittedField,
  ): readonly SegmentMessage[] {
    const { kind, previous, next } = change;
    const gone = (as: MessageKind) =>
      this.#message(previous as Row, change, changeSource, onOmitted, as);
    const here = (as: MessageKind) =>
      this.#message(next as Row, change, changeSource, onOmitted, as);
    switch (this.#options.type) {
      case "identify":
        return kind === "removed" ? [] : [here("identify")];
      case "track":
        if (this.#options.events[kind] === undefined) return [];
        return [kind === "removed" ? gone("removed") : here(kind)];
      case "track-entered-exited":
        if (kind === "added") return [here("entered")];
        if (kind === "removed") return [gone("exited")];
        if (previous === null) return [here("entered")];
        return this.#userChanged(change) ? [gone("exited"), here("entered")] : [];
    }
  }

  #userChanged({ previous, next, absent }: MappedChange): boolean {
    return !sameUser(this.user(previous as Row, absent), this.user(next as Row, absent));
  }

  /** One message about `row`: the next row, or the previous one of a row that went. */
  #message(
    row: Row,
    change: MappedChange,
    changeSource: ChangeSource,
    onOmitted: OmittedField,
    kind: MessageKind,
  ): SegmentMessage {
    const fields = this.#mapping.build(row, change.absent, onOmitted);
    const user = this.user(row, change.absent);
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

  /** The column of the row as it is now; a row that is gone has none, and the commit time says when it went. */
  #timestamp({ next }: MappedChange, changeSource: ChangeSource): string {
    const { timestamp } = this.#options;
    const value = timestamp === undefined || next === null ? null : column(next, timestamp);
    if (timestamp === undefined || value === undefined || value === null) {
      return isoText(changeSource.time);
    }
    return timestampOf(timestamp, value);
  }

  /** The column as it stands where it can tell this message from every other one, else the derived id. */
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

/** What a row that has neither id is refused with. */
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
