/** What the bench's table is: one table of users, changed through Debezium's PostgreSQL connector. */
export type FeedOptions = {
  readonly records: number;
  /** Rows of the table: as many snapshot reads come first, the rest are updates. */
  readonly keys: number;
};

/** One change of the table, in no format yet. */
export type FeedChange = {
  readonly partition: number;
  readonly key: { readonly id: number };
  readonly envelope: Envelope;
  /** The record's own timestamp, ms since 1970. */
  readonly timestamp: number;
};

export type Envelope = ReturnType<typeof envelopeOf>;

/** How many messages the feed is worth. */
export type FeedMessages = {
  /** To a pipeline that knows the row before: identify and track only where a mapped column changed. */
  readonly changes: number;
  /** To a script that does not: identify for every record, track for every update. */
  readonly records: number;
};

export const PARTITIONS = 4;

/** Debezium 3.5 sends these with every record. */
export const HEADERS = {
  "__debezium.context.connectorLogicalName": "bench",
  "__debezium.context.taskId": "0",
  "__debezium.context.connectorName": "postgresql",
};

/** Part of the updates that touch no column which a sync reads: `last_seen_at`, `login_count`. */
const QUIET = 0.4;

const SEED = 20_261_124;
const START_MS = Date.UTC(2026, 0, 5, 9);
const FIRST_LSN = 175_282_320;
export const PLANS = ["free", "starter", "pro", "team", "enterprise"];
const COUNTRIES = ["DE", "FR", "GB", "IN", "JP", "NG", "US", "VN"];
const FIRST = ["Ana", "Ben", "Chloé", "Deniz", "Emil", "Farah", "Gao", "Hana", "Ines", "Jonas"];
const LAST = ["Haddad", "Keller", "Lindqvist", "Müller", "Nakamura", "Okafor", "Petrov", "Reyes"];

export type User = ReturnType<typeof newUser>;

/** The same changes on every call: snapshot reads first, then updates. The last of each partition changes a plan. */
export function* feed({ records, keys }: FeedOptions): Generator<FeedChange, FeedMessages> {
  const random = generator(SEED);
  const users = Array.from({ length: keys }, (_, id) => newUser(id, random));
  for (let i = 0; i < keys; i += 1) yield changeOf(users[i] as User, "r", i);
  let [identifies, tracks] = [keys, 0];
  for (let i = keys; i < records; i += 1) {
    const closing = records - i <= PARTITIONS;
    const user = users[closing ? records - i - 1 : Math.floor(random() * keys)] as User;
    user.last_seen_at = new Date(START_MS + i * 100).toISOString().replace(".000", "");
    user.updated_at = (START_MS + i * 100) * 1_000;
    user.login_count += 1;
    if (closing || random() >= QUIET) {
      identifies += 1;
      if (closing || random() < 0.5) {
        tracks += 1;
        user.plan = PLANS[(PLANS.indexOf(user.plan) + 1) % PLANS.length] as string;
      } else user.full_name = partitionName(random, user.full_name);
    }
    yield changeOf(user, "u", i);
  }
  return { changes: identifies + tracks, records: records + (records - keys) };
}

/** A row as it is inserted. */
export function newUser(id: number, random: () => number) {
  const created_at = new Date(START_MS - Math.floor(random() * 9e5) * 60_000);
  return {
    id,
    email: `user.${id}@example.com`,
    full_name: partitionName(random, ""),
    country: pick(COUNTRIES, random),
    plan: pick(PLANS, random),
    // numeric(12,2): base64 of the unscaled integer
    balance: Buffer.from([1 + Math.floor(random() * 100), Math.floor(random() * 256)]).toString(
      "base64",
    ),
    email_verified: random() < 0.8,
    login_count: 0,
    created_at: created_at.toISOString().replace(".000", ""),
    last_seen_at: created_at.toISOString().replace(".000", ""),
    // timestamp without time zone: microseconds
    updated_at: created_at.getTime() * 1_000,
  };
}

/** The change that is the `i`th of its feed. */
export function changeOf(
  after: User,
  op: "r" | "u",
  i: number,
  partitions = PARTITIONS,
): FeedChange {
  const timestamp = START_MS + i * 100;
  const partition = after.id % partitions;
  return {
    partition,
    key: { id: after.id },
    envelope: envelopeOf(after, op, i, timestamp),
    timestamp,
  };
}

function envelopeOf(row: User, op: "r" | "u", i: number, ts_ms: number) {
  const lsn = FIRST_LSN + (op === "r" ? 0 : i * 56);
  // Nanoseconds have 19 digits: more than a number of JavaScript holds.
  const times = { ts_us: ts_ms * 1_000, ts_ns: BigInt(ts_ms) * 1_000_000n };
  const source = {
    version: "3.5.0.Final",
    connector: "postgresql",
    name: "bench",
    ts_ms,
    snapshot: op === "r" ? "true" : "false",
    db: "bench",
    sequence: `["${lsn - 64}","${lsn}"]`,
    ...times,
    schema: "public",
    table: "users",
    txId: 1_867 + i,
    lsn,
    xmin: null,
    origin: null,
    origin_lsn: null,
  };
  return { before: null, after: { ...row }, source, transaction: null, op, ts_ms, ...times };
}

/** Another name than the one before. */
function partitionName(random: () => number, before: string): string {
  const name = `${pick(FIRST, random)} ${pick(LAST, random)}`;
  return name === before ? partitionName(random, before) : name;
}

function pick(list: readonly string[], random: () => number): string {
  return list[Math.floor(random() * list.length)] as string;
}

/** Mulberry32: small, and the same everywhere. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
