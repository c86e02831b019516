import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment, type ReceivedMessage } from "../../src/cli/demo/mock-segment.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { cdcToSegment, start } from "../support/command-line.ts";
import { topicHolds } from "../support/topics.ts";

/**
 * SQL on PostgreSQL, through Debezium and Kafka, into `run`, to a local Segment: every message of all three sync types
 * is asserted, with the service stopped and started in the middle.
 */

const directory = mkdtempSync(join(tmpdir(), "row-to-event-"));
const config = join(directory, "config.yaml");
const test = suite("from a row to an event");
let stack: Stack;
let mockSegment: MockSegment;

const TABLE = `
  CREATE TABLE customers (
    id bigint PRIMARY KEY, email text, plan text NOT NULL, mrr numeric(10,2) NOT NULL DEFAULT 0,
    prefs jsonb, updated_at timestamptz NOT NULL, note text, deleted_at timestamptz
  );
  INSERT INTO customers VALUES
    (1, 'ada@example.com', 'free', 0, '{"news": true}', '2026-01-01T00:00:00Z', NULL, NULL),
    (2, 'bob@example.com', 'pro', 49.50, NULL, '2026-01-02T00:00:00Z', NULL, NULL);`;

/** While the service runs. */
const FIRST = `
  INSERT INTO customers VALUES (3, 'cho@example.com', 'pro', 49.50, '{"news": false}', '2026-02-01T10:00:00Z', NULL, NULL);
  UPDATE customers SET plan = 'pro', mrr = 49.5, updated_at = '2026-02-02T00:00:00Z' WHERE id = 1;
  UPDATE customers SET note = 'nothing that a sync uses', updated_at = '2026-02-03T00:00:00Z' WHERE id = 2;
  UPDATE customers SET plan = plan WHERE id = 3;`;

/** While it is stopped. */
const MEANWHILE = `
  UPDATE customers SET email = 'bob@new.example.com', updated_at = '2026-03-01T00:00:00Z' WHERE id = 2;
  DELETE FROM customers WHERE id = 3;
  INSERT INTO customers VALUES (9007199254740993, 'big@example.com', 'free', 0, NULL, '2026-03-02T00:00:00Z', NULL, NULL);`;

/** After it was started again. */
const LAST = `
  UPDATE customers SET deleted_at = '2026-04-01T00:00:00Z', updated_at = '2026-04-01T00:00:00Z' WHERE id = 1;
  UPDATE customers SET plan = 'free', mrr = 0, updated_at = '2026-04-02T00:00:00Z' WHERE id = 2;`;

type Expected = { readonly what: string; readonly fields: object; readonly timestamp?: string };

/** What each row's history has to become, in order, for each sync. */
const EXPECTED: { readonly [line: string]: readonly Expected[] } = {
  "identify 1": [
    {
      what: "identify",
      fields: { email: "ada@example.com", plan: "free", mrr: 0, news: true },
    },
    {
      what: "identify",
      fields: { email: "ada@example.com", plan: "pro", mrr: 49.5, news: true },
    },
  ],
  "identify 2": [
    {
      what: "identify",
      fields: { email: "bob@example.com", plan: "pro", mrr: 49.5, news: null },
    },
    {
      what: "identify",
      fields: { email: "bob@new.example.com", plan: "pro", mrr: 49.5, news: null },
    },
    {
      what: "identify",
      fields: { email: "bob@new.example.com", plan: "free", mrr: 0, news: null },
    },
  ],
  "identify 3": [
    {
      what: "identify",
      fields: { email: "cho@example.com", plan: "pro", mrr: 49.5, news: false },
    },
  ],
  "identify 9007199254740993": [
    {
      what: "identify",
      fields: { email: "big@example.com", plan: "free", mrr: 0, news: null },
    },
  ],

  "lifecycle 1": [
    {
      what: "Changed",
      fields: { sync: "lifecycle", plan: "pro" },
      timestamp: "2026-02-02T00:00:00.000Z",
    },
    // Removed by the filter: the row's own timestamp, with the properties it had before.
    {
      what: "Deleted",
      fields: { sync: "lifecycle", plan: "pro" },
      timestamp: "2026-04-01T00:00:00.000Z",
    },
  ],
  "lifecycle 2": [
    {
      what: "Changed",
      fields: { sync: "lifecycle", plan: "free" },
      timestamp: "2026-04-02T00:00:00.000Z",
    },
  ],
  "lifecycle 3": [
    {
      what: "Signed Up",
      fields: { sync: "lifecycle", plan: "pro" },
      timestamp: "2026-02-01T10:00:00.000Z",
    },
    // A delete has no row to take a timestamp from: the commit time, which the test cannot know.
    { what: "Deleted", fields: { sync: "lifecycle", plan: "pro" } },
  ],
  "lifecycle 9007199254740993": [
    {
      what: "Signed Up",
      fields: { sync: "lifecycle", plan: "free" },
      timestamp: "2026-03-02T00:00:00.000Z",
    },
  ],

  "paying 1": [
    { what: "Segment Entered", fields: { sync: "paying", audience: "paying" } },
    { what: "Segment Exited", fields: { sync: "paying", audience: "paying" } },
  ],
  "paying 2": [
    { what: "Segment Entered", fields: { sync: "paying", audience: "paying" } },
    { what: "Segment Exited", fields: { sync: "paying", audience: "paying" } },
  ],
  "paying 3": [
    { what: "Segment Entered", fields: { sync: "paying", audience: "paying" } },
    { what: "Segment Exited", fields: { sync: "paying", audience: "paying" } },
  ],
};

test.before(async () => {
  stack = await startStack({ connect: true, postgres: true });
  await stack.sql(TABLE);
  await stack.createConnector("shop", stack.postgresConnector({ "topic.prefix": "shop" }));
  await topicHolds(stack.kafka, "shop.public.customers", 2);
  mockSegment = await MockSegment.start();
  writeFileSync(config, configuration());
});

test.after(async () => {
  await mockSegment?.stop();
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

test("`check --connect` should hold the mapping against a real row", async () => {
  const args = ["check", "--config", config, "--connect", "--show-values"];
  const { code, stderr } = await cdcToSegment(args);
  assert.is(code, 0, stderr);
  assert.match(
    stderr,
    /shop\.public\.customers\/\d@\d+: a row of public\.customers with id, email, plan, mrr/,
  );
  assert.match(stderr, /sync profile: .*: \{"type":"identify","userId":"[12]"/);
});

test("`record` should write what `preview` reads", async () => {
  const { code, stdout, stderr } = await cdcToSegment(["record", "--config", config]);
  assert.is(code, 0, stderr);
  const file = join(directory, "recorded.ndjson");
  writeFileSync(file, stdout);
  const previewed = await cdcToSegment(["preview", "--config", config, file]);
  assert.is(previewed.code, 0, previewed.stderr);
  const emails = previewed.stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line).traits?.email);
  assert.equal(emails.filter(Boolean).toSorted(), ["ada@example.com", "bob@example.com"]);
  assert.is(
    (await cdcToSegment(["record", "--config", config, "--limit", "1"])).stdout.split("\n").length,
    2,
  );
});

test("should send every change once, across a restart", async () => {
  const expected = Object.values(EXPECTED).flat().length;

  const first = start(["run", "--config", config]);
  await arrived(3, first);
  await stack.sql(FIRST);
  await arrived(8, first);
  first.child.kill("SIGTERM");
  const stopped = await first.ended;
  assert.is(stopped.code, 0, stopped.stderr);

  await stack.sql(MEANWHILE);
  const second = start(["run", "--config", config]);
  await stack.sql(LAST);
  await arrived(expected, second);
  await sleep(2_000); // what must not come has had its time
  second.child.kill("SIGINT");
  assert.is((await second.ended).code, 0);

  assert.equal(linesOf(mockSegment.accepted), EXPECTED);
  assert.is(mockSegment.dropped.repeated, 0, "a clean stop leaves nothing to send again");
});

function configuration(): string {
  return `
name: shop
kafka: {brokers: ["${stack.kafka.brokers[0]}"]}
state: {directory: ${directory}/state}
segment: {writeKey: secret, url: "${mockSegment.url}"}
log: {format: json}
status: {port: 0}
models:
  customers:
    topics: '/^shop\\.public\\.customers$/'
    where: row.deleted_at == null
    columns: {mrr: {type: decimal, scale: 2}, prefs: json}
  paying:
    topic: shop.public.customers
    where: row.plan != "free" && row.deleted_at == null
    columns: {mrr: {type: decimal, scale: 2}, prefs: json}
syncs:
  profile:
    model: customers
    type: identify
    userId: id
    traits: {email: email, plan: plan, mrr: mrr, news: prefs.news}
  lifecycle:
    model: customers
    type: track
    userId: id
    events: {added: Signed Up, changed: Changed, removed: Deleted}
    properties: {sync: {value: lifecycle}, plan: plan}
    timestamp: updated_at
  paying:
    model: paying
    type: track-entered-exited
    anonymousId: id
    properties: {sync: {value: paying}, audience: {value: paying}}
    initialResults: send
`;
}

/** The messages of each sync and row, in the order of arrival, as `EXPECTED` writes them. */
function linesOf(messages: readonly ReceivedMessage[]): { [line: string]: Expected[] } {
  const lines: { [line: string]: Expected[] } = {};
  for (const { type, event, userId, anonymousId, traits, properties, timestamp } of messages) {
    const sync = type === "identify" ? "identify" : String(properties?.sync);
    const line = `${sync} ${userId ?? anonymousId}`;
    const known = EXPECTED[line]?.[lines[line]?.length ?? 0];
    const time = known?.timestamp === undefined ? {} : { timestamp };
    lines[line] ??= [];
    lines[line].push({ what: event ?? type ?? "", fields: traits ?? properties ?? {}, ...time });
  }
  return lines;
}

async function arrived(count: number, { ended }: ReturnType<typeof start>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (mockSegment.accepted.length < count) {
    const over = await Promise.race([ended, sleep(50)]);
    if (over) throw new Error(`run ended with ${over.code}: ${over.stderr}`);
    if (Date.now() > deadline) {
      throw new Error(
        `${mockSegment.accepted.length} of ${count} messages arrived: ${JSON.stringify(linesOf(mockSegment.accepted), null, 1)}`,
      );
    }
  }
}

test.run();
