import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isBefore } from "../../../../src/data/event.ts";
import { positionOf, type SourceBlock } from "../../../../src/decode/debezium/source-position.ts";

const s = suite("decode: source positions");

type Pair = readonly [title: string, connector: string, earlier: SourceBlock, later: SourceBlock];

const binlog = (over: SourceBlock = {}): SourceBlock => ({
  server_id: 4,
  file: "mysql-bin.000003",
  pos: 154,
  row: 0,
  ...over,
});
const mssql = (over: SourceBlock = {}): SourceBlock => ({
  commit_lsn: "00000025:00000d98:00a2",
  change_lsn: "00000025:00000d98:0003",
  event_serial_no: 1,
  ...over,
});

const ORDERED: readonly Pair[] = [
  ["lsn", "postgresql", { lsn: 999 }, { lsn: 1000 }],
  ["lsn beyond 2^53", "postgresql", { lsn: 9007199254740992n }, { lsn: 9007199254740993n }],
  ["pos", "mysql", binlog({ pos: 999 }), binlog({ pos: 1000 })],
  ["the row of one event", "mysql", binlog({ row: 9 }), binlog({ row: 10 })],
  [
    "file before pos",
    "mariadb",
    binlog({ pos: 9999 }),
    binlog({ file: "mysql-bin.000004", pos: 4 }),
  ],
  [
    "a file number that grows a digit",
    "mysql",
    binlog({ file: "mysql-bin.999999" }),
    binlog({ file: "mysql-bin.1000000" }),
  ],
  ["commit_lsn", "sqlserver", mssql(), mssql({ commit_lsn: "00000025:00000d98:00a3" })],
  ["ts_ms", "mongodb", { ts_ms: 999, ord: 5 }, { ts_ms: 1000, ord: 1 }],
  ["ord", "mongodb", { ts_ms: 1000, ord: 9 }, { ts_ms: 1000, ord: 10 }],
  [
    "the wall clock",
    "mongodb",
    { ts_ms: 1999, ord: 5, wallTime: 1999 },
    { ts_ms: 2000, ord: 1, wallTime: 2000 },
  ],
];

for (const [title, connector, earlier, later] of ORDERED) {
  s(`should order ${connector} by ${title}`, () => {
    const a = positionOf(connector, earlier) as string;
    const b = positionOf(connector, later) as string;
    assert.ok(isBefore(a, b));
    assert.not(isBefore(b, a));
    assert.not(isBefore(a, a));
  });
}

const APART: readonly Pair[] = [
  ["two servers", "mysql", binlog(), binlog({ server_id: 5, pos: 999 })],
  [
    "two changes of one transaction",
    "sqlserver",
    mssql(),
    mssql({ change_lsn: "00000025:00000d98:0004" }),
  ],
  ["two changes with one LSN", "sqlserver", mssql(), mssql({ event_serial_no: 2 })],
  [
    "cluster time and wall clock",
    "mongodb",
    { ts_ms: 1000, ord: 5 },
    { ts_ms: 2000, ord: 1, wallTime: 2000 },
  ],
  ["two binlogs of one server", "mysql", binlog(), binlog({ file: "replica-bin.000004" })],
];

for (const [title, connector, a, b] of APART) {
  s(`should not compare ${title}`, () => {
    const [left, right] = [positionOf(connector, a) as string, positionOf(connector, b) as string];
    assert.not(isBefore(left, right));
    assert.not(isBefore(right, left));
    assert.is.not(left, right);
  });
}

const NONE: readonly (readonly [title: string, connector: string, source: SourceBlock])[] = [
  ["an incremental read of PostgreSQL, whose lsn is null", "postgresql", { lsn: null }],
  ["a GTID alone", "mysql", { gtid: "3E11FA47-71CA-11E1-9E33-C80AA9429562:23" }],
  ["a binlog without its server", "mysql", binlog({ server_id: null })],
  ["a binlog file without a number", "mysql", binlog({ file: "bin" })],
  ["an SCN", "oracle", { scn: "2868546", commit_scn: "2868550" }],
  ["a snapshot read of SQL Server", "sqlserver", { commit_lsn: "NULL", change_lsn: null }],
  ["a cluster time without its order", "mongodb", { ts_ms: 1000, ord: null }],
  ["a change of a transaction", "mongodb", { ts_ms: 1000, ord: 1, lsid: "{}", txnNumber: 1 }],
  ["a VGTID", "vitess", { shard: "-80", vgtid: "[]" }],
  ["an unknown connector", "cassandra", { lsn: 5 }],
];

for (const [title, connector, source] of NONE) {
  s(`should have no source position for ${title}`, () =>
    assert.is(positionOf(connector, source), null),
  );
}

s("should process a binlog event without a row number as its first row", () => {
  assert.is(positionOf("mysql", binlog({ row: null })), positionOf("mysql", binlog({ row: 0 })));
});

const ranked = (over: object = {}) => ({
  id: "[]",
  total_order: 1,
  data_collection_order: 1,
  transaction_rank: 68,
  transaction_epoch: 0,
  ...over,
});
const inShard = (transaction: unknown, shard = "-80") =>
  positionOf("vitess", { keyspace: "shop", shard }, transaction) as string;

const RANKS: readonly (readonly [title: string, earlier: object, later: object])[] = [
  ["epoch", { transaction_rank: 99 }, { transaction_epoch: 1, transaction_rank: 2 }],
  ["rank", { total_order: 9 }, { transaction_rank: 69 }],
  // Connect's Decimal, scale 0: 255 and 256.
  ["rank in base64", { transaction_rank: "AP8=" }, { transaction_rank: "AQA=" }],
  ["total order", { total_order: 9 }, { total_order: 10 }],
];

for (const [title, earlier, later] of RANKS) {
  s(`should order vitess by ${title}`, () => {
    const [a, b] = [inShard(ranked(earlier)), inShard(ranked(later))];
    assert.ok(isBefore(a, b));
    assert.not(isBefore(b, a));
  });
}

s("should read a rank in both forms, and compare no two shards", () => {
  assert.is(inShard(ranked()), inShard(ranked({ transaction_rank: "RA==" })));
  assert.not(isBefore(inShard(ranked()), inShard(ranked({ transaction_rank: 70 }), "80-")));
});

s.run();
