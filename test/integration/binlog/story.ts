import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment } from "../../../src/cli/demo/mock-segment.ts";
import type { ConnectorConfig } from "../../stack/connector.ts";
import { type Stack, startStack } from "../../stack/stack.ts";
import { cdcToSegment, start } from "../../support/command-line.ts";
import { topicExists } from "../../support/topics.ts";
import { AFTERWARDS, CHANGES, TABLE, TRUNCATE } from "./members.ts";

/** The database server under test, and how the test stack accesses it. */
export type Server = {
  readonly title: string;
  readonly service: "mariadb" | "mysql";
  readonly sql: (stack: Stack, text: string) => Promise<string>;
  readonly connector: (stack: Stack, settings: ConnectorConfig) => ConnectorConfig;
};

type Kinds = { [member: string]: string[] };

let server: Server;
let stack: Stack;
let mockSegment: MockSegment;
let directory: string;
let config: string;

/**
 * SQL on the server, through Debezium, Kafka and `run`, to a mock Segment server. The change kinds of each row are those
 * that database triggers logged, in order.
 */
export function testServer(of: Server): void {
  server = of;
  directory = mkdtempSync(join(tmpdir(), `${of.service}-`));
  config = join(directory, "config.json");
  const test = suite(`${of.title}, from a row to an event`);

  test.before(async () => {
    stack = await startStack({ connect: true, [server.service]: true });
    mockSegment = await MockSegment.start();
  });

  test.after(async () => {
    await mockSegment?.stop();
    await stack?.stop();
    rmSync(directory, { recursive: true });
  });

  test("`run` should send the kinds that the database's own triggers logged", async () => {
    await sql(TABLE);
    const settings = { "table.include.list": "app.members", "skipped.operations": "none" };
    await stack.createConnector("app", server.connector(stack, settings));
    await topicExists(stack.kafka, "app.app.members");
    writeFileSync(config, JSON.stringify(configuration()));
    await runDuring([CHANGES]);
    assert.equal(kindsOf(mockSegment.accepted), kindsOfLog(await logged()));
  });

  test("`record` and `preview` should print the same kinds", async () => {
    const recorded = await cdcToSegment(["record", "--config", config]);
    assert.is(recorded.code, 0, recorded.stderr);
    const file = join(directory, "recorded.ndjson");
    writeFileSync(file, recorded.stdout);
    const { code, stdout, stderr } = await cdcToSegment(["preview", "--config", config, file]);
    assert.is(code, 0, stderr);
    const messages = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.equal(kindsOf(messages), kindsOfLog(await logged()));
  });

  /** Runs last: a truncate is in one partition, and a recorded file has another order between partitions. */
  test("should remove the rows of a truncate, after a restart", async () => {
    await runDuring([TRUNCATE, AFTERWARDS]);
    assert.equal(kindsOf(mockSegment.accepted), kindsOfLog(await logged()));
  });

  test.run();
}

function sql(text: string): Promise<string> {
  return server.sql(stack, text);
}

/** Runs the service while the SQL texts are executed; each waits for the messages of the one before. */
async function runDuring(texts: readonly string[]): Promise<void> {
  const { child, ended } = start(["run", "--config", config]);
  await arrived((await logged()).length, ended);
  for (const text of texts) {
    await sql(text);
    await arrived((await logged()).length, ended);
  }
  await sleep(1_000); // time for unexpected messages
  child.kill("SIGTERM");
  const { code, stderr } = await ended;
  assert.is(code, 0, stderr);
}

function configuration(): object {
  return {
    name: "members",
    kafka: { brokers: stack.kafka.brokers },
    state: { directory: join(directory, "state") },
    segment: { writeKey: "secret", url: mockSegment.url },
    log: { format: "json" },
    status: { port: 0 },
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
  const lines = await sql("SELECT kind, member FROM log ORDER BY seq");
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
  while (mockSegment.accepted.length < count) {
    const result = await Promise.race([ended, sleep(50)]);
    if (result) throw new Error(`run ended: ${result.stderr}`);
    if (Date.now() > deadline) {
      throw new Error(
        `${mockSegment.accepted.length} of ${count} arrived: ${JSON.stringify(kindsOf(mockSegment.accepted), null, 1)}`,
      );
    }
  }
}
