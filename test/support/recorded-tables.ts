/** Column types of the recorded tables, from the scenarios' DDL. A column that is not listed is text. */
export type Tables = {
  readonly [table: string]: { readonly [column: string]: string };
};

/** The main PostgreSQL scenario, recorded in several formats. */
export const POSTGRES_TABLES: Tables = {
  users: {
    id: "bigint",
    balance: "numeric(12,2)",
    score: "numeric",
    rating: "double",
    ratio: "real",
    big_counter: "bigint",
    age: "smallint",
    logins: "bigint",
    is_active: "boolean",
    created_at: "timestamptz",
    updated_at: "timestamp(3)",
    updated_us: "timestamp",
    birthday: "date",
    wake_at: "time",
    wakes_at: "time",
    prefs: "json",
    avatar: "bytes",
    trial: "interval",
    credit: "money",
    loyalty: "integer",
  },
  subscriptions: {
    user_id: "bigint",
    mrr: "numeric(10,2)",
    seats: "integer",
    started_on: "date",
    ends_at: "timestamptz",
  },
  devices: { user_id: "bigint", seen_at: "timestamptz(3)" },
  settings: { rev: "integer" },
  "Weird Names": { userId: "integer", "1st": "integer" },
  types_zoo: {
    id: "integer",
    n_int: "numeric(18,0)",
    // `numeric(6,-2)` in the DDL: Debezium reads the 11 bits of the scale as an unsigned number.
    n_neg: "numeric(6,2046)",
    n_wide: "numeric(38,10)",
    tz_time: "timetz",
    ts0: "timestamp(0)",
    tstz0: "timestamptz(0)",
    t3: "time(3)",
    d: "date",
    tstz: "timestamptz",
    ts: "timestamp",
    b1: "bit(1)",
    b8: "bit(8)",
    vb: "varbit",
    iv: "interval",
    hs: "hstore",
    j: "json",
    oid_c: "oid",
    dflt: "integer",
    dflt_ts: "timestamptz",
    dflt_n: "numeric(5,2)",
  },
  toasty: { id: "integer", n: "integer", j: "json", js: "json", b: "bytes", h: "hstore" },
};

export const NULL_DEFAULT_TABLES: Tables = {
  users: { id: "integer", v: "numeric", w: "numeric(6,2)", seats: "integer", at: "timestamptz" },
};

export const RESNAPSHOT_TABLES: Tables = {
  users: { id: "integer", n: "integer", updated_at: "timestamptz" },
  accounts: { no: "integer", balance: "numeric(12,2)" },
};

export const LIVE_TABLES: Tables = {
  users: {
    id: "bigint",
    login_count: "integer",
    created_at: "timestamptz(0)",
    last_seen_at: "timestamptz(0)",
    updated_at: "timestamptz(0)",
  },
  subscriptions: {
    id: "bigint",
    user_id: "bigint",
    seats: "integer",
    mrr: "numeric(10,2)",
    started_at: "timestamptz(0)",
    canceled_at: "timestamptz(0)",
    updated_at: "timestamptz(0)",
  },
};

export const MARIADB_TABLES: Tables = {
  customers: { id: "integer", tier: "integer", level: "bigint" },
  addresses: { id: "integer", customer_id: "integer" },
  orders: { order_number: "integer", order_date: "date" },
  products_on_hand: { product_id: "integer", quantity: "integer" },
  late_table: { id: "integer" },
  products: {
    id: "integer",
    weight: "real",
    price: "numeric(10,2)",
    cost: "numeric(20,6)",
    featured: "bit(1)",
    flags: "bit(10)",
    attrs: "json",
    photo: "bytes",
    thumb: "bytes",
    fixed: "bytes",
    made: "year",
    release_date: "date",
    opens: "duration",
    opens6: "duration",
    created_at: "timestamp(0)",
    created6: "timestamp(6)",
    updated_at: "timestamptz",
    updated3: "timestamptz",
    u64: "bigint",
    i64: "bigint",
    dbl: "double",
    total: "numeric(14,2)",
  },
};

/** Tables whose rows exceed the size of one message: the columns of each message. */
export const PARTS: { readonly [table: string]: readonly (readonly string[])[] } = {
  // Not `ia` and `bia`: each exceeds Segment's limit of 32 KB.
  toasty: [
    ["id", "n", "t", "vc"],
    ["id", "j", "js", "nn"],
    ["id", "b", "x"],
    ["id", "ta", "h"],
  ],
};
