import { suite } from "uvu";
import * as assert from "uvu/assert";
import { envelope, type SourceFields, TOPIC } from "../support/debezium.ts";
import type { Change } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite(
  "flow: redelivery and failover, of every connector that names the places of changes",
);

const MINUTE = 60_000;
const T0 = 1_700_000_000_000;
/** Connectors that send a complete previous row. */
const COMPLETE = new Set(["mysql", "mariadb", "sqlserver"]);

type Kind = {
  readonly connector: string;
  /** The source position of the nth change. */
  readonly changeId: (n: number) => SourceFields;
  /** The source position of a first change on another, restored or promoted server. */
  readonly elsewhere: SourceFields;
  /** Whether the position on the other server is known to be lower, or belongs to another line. */
  readonly resets: number;
};

const binlog = (server_id: number, pos: number) => ({
  ...{ server_id, file: "mysql-bin.000003", pos, row: 0, gtid: null },
});
const mssql = (commit: number, change: number) => ({
  commit_lsn: `00000025:${String(commit).padStart(8, "0")}:0001`,
  change_lsn: `00000025:${String(commit).padStart(8, "0")}:${String(change).padStart(4, "0")}`,
  event_serial_no: 1,
});

const KINDS: readonly Kind[] = [
  {
    connector: "postgresql",
    changeId: (n) => ({ lsn: 1_000 + n }),
    elsewhere: { lsn: 7 },
    resets: 1,
  },
  {
    connector: "mysql",
    changeId: (n) => binlog(1, 1_000 + n),
    elsewhere: binlog(2, 4),
    resets: 0,
  },
  {
    connector: "mysql",
    changeId: (n) => binlog(1, 1_000 + n),
    elsewhere: binlog(1, 4),
    resets: 1,
  },
  {
    connector: "mariadb",
    changeId: (n) => ({ ...binlog(1, 4), file: `binlog.${999_998 + n}` }),
    elsewhere: { ...binlog(1, 4), file: "binlog.000001" },
    resets: 1,
  },
  {
    connector: "sqlserver",
    changeId: (n) => mssql(10 + n, 2),
    elsewhere: mssql(1, 9),
    resets: 1,
  },
  {
    connector: "mongodb",
    changeId: (n) => ({ ord: n, wallTime: T0 + n * MINUTE }),
    elsewhere: { ord: 1, wallTime: T0 + 60 * MINUTE },
    // Its positions are times: those of a later server are later.
    resets: 0,
  },
];

for (const { connector, changeId, elsewhere, resets } of KINDS) {
  const change = (n: number, source: SourceFields, ts_ms = T0 + n * MINUTE): Change => {
    const row = { id: 1, email: `v${n}` };
    // MongoDB's documents are texts.
    const after = connector === "mongodb" ? JSON.stringify({ _id: 1, ...row }) : row;
    const before = n > 1 && COMPLETE.has(connector) ? { id: 1, email: `v${n - 1}` } : null;
    const about = { connector, ts_ms, lsn: undefined, ...source };
    return {
      key: { id: 1 },
      value: envelope({ op: n === 1 ? "c" : "u", before, after, source: about }),
    };
  };
  const v = [1, 2, 3].map((n) => change(n, changeId(n)));
  const start = () => new TaskDriver({ model: `{topic: ${TOPIC}, key: [id]}` }).start();
  const name = `${connector}, ${JSON.stringify(elsewhere)}`;

  s(`should send v1 v2 v3 v1 v2 v3 once each: ${name}`, async () => {
    const driver = await start();
    const sent = await driver.pipe([...v, ...v]);
    assert.equal(
      sent.map(({ event, properties }) => `${event} ${properties?.email}`),
      ["Added v1", "Changed v2", "Changed v3"],
    );
    assert.is(driver.counters.get("stale"), 2);
    assert.is(driver.counters.get("unchanged"), 1);
    // Repeated after a restart, and from an earlier position.
    await driver.stop();
    await driver.start();
    assert.equal(await driver.pipe([...v.slice(1), ...v]), []);
    await driver.stop();
  });

  s(`should apply records of another server with lower positions: ${name}`, async () => {
    const driver = await start();
    await driver.pipe(v);
    driver.taken();
    const next = change(4, elsewhere, T0 + 60 * MINUTE);
    const sent = await driver.pipe([next, next]);
    assert.equal(
      sent.map(({ event, properties }) => `${event} ${properties?.email}`),
      ["Changed v4"],
    );
    assert.is(driver.counters.get("source_position_resets"), resets);
    await driver.stop();
  });
}

s.run();
