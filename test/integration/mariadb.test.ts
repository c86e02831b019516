import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StandIn } from "../../src/demo/stand-in.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { cdcToSegment, start } from "../support/command-line.ts";
import { topicExists } from "../support/topics.ts";

/**
 * SQL on MariaDB, through Debezium and Kafka, into `run`, to a local Segment: the kinds that each row went through, in
 * order, are those that triggers in the database logged.
 */

const TABLE = `
  CREATE TABLE members (
    org varchar(10), no bigint unsigned, name varchar(40) NOT NULL, score decimal(8,2) DEFAULT 1.50, seen_at datetime(6),
    PRIMARY KEY (org, no)
  );
  CREATE TABLE log (seq int AUTO_INCREMENT PRIMARY KEY, kind varchar(10), member varchar(40));
  CREATE TRIGGER added AFTER INSERT ON members FOR EACH ROW
    INSERT INTO log (kind, member) VALUES ('added', CONCAT(NEW.org, ' ', NEW.no));
  CREATE TRIGGER removed AFTER DELETE ON members FOR EACH ROW
    INSERT INTO log (kind, member) VALUES ('removed', CONCAT(OLD.org, ' ', OLD.no));
  CREATE TRIGGER changed AFTER UPDATE ON members FOR EACH ROW
    INSERT INTO log (kind, member)
      SELECT 'removed', CONCAT(OLD.org, ' ', OLD.no) FROM DUAL WHERE (OLD.org, OLD.no) <> (NEW.org, NEW.no)
      UNION ALL
      SELECT 'added', CONCAT(NEW.org, ' ', NEW.no) FROM DUAL WHERE (OLD.org, OLD.no) <> (NEW.org, NEW.no)
      UNION ALL
      SELECT 'changed', CONCAT(NEW.org, ' ', NEW.no) FROM DUAL WHERE (OLD.org, OLD.no) = (NEW.org, NEW.no)
        AND NOT (OLD.name <=> NEW.name AND OLD.score <=> NEW.score AND OLD.seen_at <=> NEW.seen_at);
  INSERT INTO members (org, no, name) VALUES ('a', 1, 'Ada'), ('a', 9007199254740993, 'Bob'), ('b', 1, 'Cho');`;

const CHANGES = `
  INSERT INTO members VALUES ('b', 2, 'Dee', 2, '2026-02-01 10:00:00.123456'), ('b', 3, 'Eve', NULL, NULL);
  UPDATE members SET score = 3.00 WHERE org = 'a' AND no = 1;
  UPDATE members SET score = 3 WHERE org = 'a' AND no = 1;
  UPDATE members SET seen_at = '2026-02-02 00:00:00.5' WHERE org = 'a';
  UPDATE members SET no = 9007199254740995 WHERE no = 9007199254740993;
  DELETE FROM members WHERE org = 'b' AND no = 1;
  BEGIN;
  UPDATE members SET name = 'Dee D.' WHERE no = 2;
  UPDATE members SET name = 'Dee E.' WHERE no = 2;
  UPDATE members SET name = 'Dee', org = 'c' WHERE no = 2;
  DELETE FROM members WHERE no = 3;
  INSERT INTO members VALUES ('b', 3, 'Eve again', NULL, NULL);
  COMMIT;
  BEGIN;
  UPDATE members SET name = 'never' WHERE org = 'a';
  ROLLBACK;`;

/** No trigger runs for a TRUNCATE. */
const TRUNCATE = `
  INSERT INTO log (kind, member) SELECT 'removed', CONCAT(org, ' ', no) FROM members;
  TRUNCATE TABLE members;`;

const AFTERWARDS = `
  INSERT INTO members (org, no, name) VALUES ('a', 1, 'Ada II'), ('d', 1, 'Flo');
  UPDATE members SET score = -0.01 WHERE org = 'd';`;

type Kinds = { [member: string]: string[] };

const folder = mkdtempSync(join(tmpdir(), "mariadb-"));
const config = join(folder, "config.json");
const test = suite("MariaDB, from a row to an event");
let stack: Stack;
let standIn: StandIn;

test.before(async () => {
  stack = await startStack({ connect: true, mariadb: true });
  standIn = await StandIn.start();
});

test.after(async () => {
  await standIn?.stop();
  await stack?.stop();
  rmSync(folder, { recursive: true });
});

test("`run` should send the kinds that the database's own triggers logged", async () => {
  await stack.mariadb.sql(TABLE);
  const settings = { "table.include.list": "app.members", "skipped.operations": "none" };
  await stack.createConnector("app", stack.mariadbConnector(settings));
  await topicExists(stack.kafka, "app.app.members");
  writeFileSync(config, JSON.stringify(configuration()));
  await runDuring([CHANGES]);
  assert.equal(kindsOf(standIn.kept), kindsOfLog(await logged()));
});

test("`record` and `preview` should tell the same", async () => {
  const recorded = await cdcToSegment(["record", "--config", config]);
  assert.is(recorded.code, 0, recorded.stderr);
  const file = join(folder, "recorded.ndjson");
  writeFileSync(file, recorded.stdout);
  const { code, stdout, stderr } = await cdcToSegment(["preview", "--config", config, file]);
  assert.is(code, 0, stderr);
  const messages = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(kindsOf(messages), kindsOfLog(await logged()));
});

/** Last: a recorded file is read in another order between partitions, and a truncate stands in one of them. */
test("should remove what a truncate removed, after a restart", async () => {
  await runDuring([TRUNCATE, AFTERWARDS]);
  assert.equal(kindsOf(standIn.kept), kindsOfLog(await logged()));
});

/** Runs the service while the texts are executed, one after the other has arrived. */
async function runDuring(texts: readonly string[]): Promise<void> {
  const { child, ended } = start(["run", "--config", config]);
  await arrived((await logged()).length, ended);
  for (const sql of texts) {
    await stack.mariadb.sql(sql);
    await arrived((await logged()).length, ended);
  }
  await sleep(1_000); // what must not come has had its time
  child.kill("SIGTERM");
  const { code, stderr } = await ended;
  assert.is(code, 0, stderr);
}

function configuration(): object {
  return {
    name: "members",
    kafka: { brokers: stack.kafka.brokers },
    state: { directory: join(folder, "state") },
    segment: { writeKey: "secret", url: standIn.url },
    log: { format: "json" },
    models: {
      members: { topic: "app.app.members", key: ["org", "no"], columns: { score: "decimal" } },
    },
    syncs: {
      members: {
        model: "members",
        type: "track",
        userId: "name",
        events: { added: "added", changed: "changed", removed: "removed" },
        properties: { org: "org", no: "no" },
        watch: "*",
        initialResults: "send",
      },
    },
  };
}

async function logged(): Promise<string[][]> {
  const lines = await stack.mariadb.sql("SELECT kind, member FROM log ORDER BY seq");
  return lines
    .trim()
    .split("\n")
    .map((line) => line.split("\t"));
}

function kindsOfLog(lines: readonly string[][]): Kinds {
  const kinds: Kinds = {};
  for (const [kind = "", member = ""] of lines) {
    kinds[member] ??= [];
    kinds[member].push(kind);
  }
  return kinds;
}

type Message = {
  readonly event?: string | undefined;
  readonly properties?: { readonly [name: string]: unknown } | undefined;
};

function kindsOf(messages: readonly Message[]): Kinds {
  return kindsOfLog(
    messages.map(({ event = "", properties }) => [event, `${properties?.org} ${properties?.no}`]),
  );
}

async function arrived(count: number, ended: Promise<{ stderr: string }>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (standIn.kept.length < count) {
    const over = await Promise.race([ended, sleep(50)]);
    if (over) throw new Error(`run ended: ${over.stderr}`);
    if (Date.now() > deadline) {
      throw new Error(
        `${standIn.kept.length} of ${count} arrived: ${JSON.stringify(kindsOf(standIn.kept), null, 1)}`,
      );
    }
  }
}

test.run();
