import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import got from "got";
import kafkajs, {
  type AclOperationTypes,
  type AclPermissionTypes,
  type Admin,
  type Producer,
} from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment } from "../../src/cli/demo/mock-segment.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { cdcToSegment, type Ended } from "../support/command-line.ts";
import { envelope, envelopeSchema, withSchema } from "../support/debezium.ts";

/** `check --connect` against a real broker and registry: each thing that it can find has a topic made for it. */

const test = suite("check --connect");
const directory = mkdtempSync(join(tmpdir(), "check-connect-"));
const WRITE_KEY = "hunter2-of-the-source";
const EMAIL = "ada.lovelace@example.com";
const DAY_MS = 86_400_000;
let stack: Stack;
let mockSegment: MockSegment;
let admin: Admin;
let producer: Producer;
let troubled: Ended;

test.before(async () => {
  const authorizer = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";
  const properties = {
    ...{ "authorizer.class.name": authorizer, "allow.everyone.if.no.acl.found": "true" },
  };
  stack = await startStack({ kafka: { properties }, registry: true });
  mockSegment = await MockSegment.start();
  const { brokers } = stack.kafka;
  const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
  admin = kafka.admin();
  producer = kafka.producer();
  await Promise.all([admin.connect(), producer.connect()]);
  await makeTopics();
  troubled = await check(TROUBLED);
});

test.after(async () => {
  await Promise.all([admin?.disconnect(), producer?.disconnect(), mockSegment?.stop()]);
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

/** A row of a table without trouble. */
const ROW = { id: 1, email: EMAIL, plan: "pro", prefs: '{"dark":true}' };

/** What makes each topic what it is. */
const TOPICS: {
  readonly [topic: string]: { config?: object; partitions?: number; values?: unknown[] };
} = {
  "t.users": { config: { "retention.ms": `${30 * DAY_MS}` }, partitions: 3, values: [added(ROW)] },
  "t.short": { config: { "retention.ms": `${DAY_MS}` }, values: [added(ROW)] },
  "t.compacted": { config: { "cleanup.policy": "compact" }, values: [added(ROW)] },
  "t.kept": {
    config: { "cleanup.policy": "compact", "delete.retention.ms": `${30 * DAY_MS}` },
    values: [added(ROW)],
  },
  "t.sized": {
    config: { "retention.ms": "-1", "retention.bytes": "1000000" },
    values: [added(ROW)],
  },
  "t.empty": {},
  "t.broken": { values: ["Ada's own words", added(ROW)] },
  "t.decimals": {
    values: [
      added({ id: 1, mrr: "E1Y=", plan: "free" }),
      added({ id: 2, mrr: "AJxA", plan: "free" }),
    ],
  },
  "t.defaults": {
    values: [
      withDefault({ id: 1, plan: "free", note: null }),
      withDefault({ id: 2, plan: "pro", note: null }),
    ],
  },
  "t.partial": { values: [envelope({ op: "u", after: ROW })] },
  "t.claimed": { values: [envelope({ op: "u", after: ROW })] },
  "t.made-up": {
    values: [
      added(ROW),
      envelope({ op: "d", before: { id: 1, email: "", plan: "", prefs: null } }),
    ],
  },
  "t.whole": { values: [envelope({ op: "u", before: ROW, after: ROW })] },
  "t.filtered": { values: [added(ROW)] },
  "t.unnamed": { values: [added({ ...ROW, email: null })] },
  "t.avro": {},
  "t.unknown-schema": {},
  "t.denied": { values: [added(ROW)] },
  "t.secretive": { values: [added(ROW)] },
  "troubled.dead-letters": { config: { "cleanup.policy": "compact" } },
  "troubled.control": { config: { "retention.ms": "3600000" } },
  "troubled.t.users.changelog": { config: { "cleanup.policy": "delete" }, partitions: 3 },
  "troubled.t.short.changelog": { config: { "cleanup.policy": "compact" }, partitions: 2 },
  "troubled.t.kept.changelog": { config: { "cleanup.policy": "compact" } },
};

/** A model and an identify for each topic, unless said otherwise. */
const TROUBLED = {
  name: "troubled",
  models: {
    users: { topic: "t.users", where: "row.deleted == null" },
    members: { topic: "t.users" },
    ...models("t.short", "t.compacted", "t.kept", "t.sized", "t.empty", "t.broken", "t.decimals"),
    ...models("t.defaults", "t.partial", "t.whole", "t.unnamed", "t.avro", "t.unknown-schema"),
    ...models("t.denied", "t.secretive", "t.shrot"),
    claimed: { topic: "t.claimed", beforeImage: "full" },
    "made-up": { topic: "t.made-up", beforeImage: "full" },
    filtered: { topic: "t.filtered", where: 'row.plan == "free"', columns: { plann: "string" } },
    pattern: { topics: "/^nothing\\..*$/" },
  },
  syncs: {
    names: {
      ...{ model: "members", type: "track", userId: "id", events: { changed: "Changed" } },
      ...{ properties: { email: "emial", dark: "prefs.dark", length: { cel: "row.nam.size()" } } },
      ...{ timestamp: "updated_at", messageId: "uuid", watch: ["planet"] },
    },
    ...syncs("users", "t.short", "t.compacted", "t.kept", "t.sized", "t.empty", "t.broken"),
    ...syncs("t.decimals", "t.defaults", "t.partial", "t.whole", "t.avro", "t.unknown-schema"),
    ...syncs("t.denied", "t.secretive", "t.shrot", "claimed", "made-up", "filtered", "pattern"),
    unnamed: { model: "t.unnamed", type: "identify", userId: "email", traits: "*" },
  },
};

/** Level, subject and texts of each expected finding. */
const FOUND: readonly (readonly ["ok" | "note" | "warning" | "error", string, ...RegExp[]])[] = [
  ["ok", "Kafka at 127.0.0.1:", /reached: 1 broker /],
  ["ok", "group troubled", /not in use/],
  ["error", "topic t.shrot", /does not exist: .* did you mean "t\.short"\?$/],
  ["error", "topics /^nothing\\..*$/", /no topic matches/],
  ["error", "topic t.denied", /denies access/, /grant Describe and Read on the topic/],
  ["warning", "topic t.secretive", /not known/, /grant DescribeConfigs on the topic/],
  ["ok", "topic t.users", /3 partitions, 1 offset$/],
  ["ok", "topic t.users", /cleanup\.policy=delete, retention\.ms 30d: longer than an outage of 7d/],
  [
    "warning",
    "topic t.short",
    /retention\.ms 1d: shorter than an outage of 7d/,
    /raise retention\.ms/,
  ],
  [
    "warning",
    "topic t.compacted",
    /every row is retained, and removals for delete\.retention\.ms 1d/,
  ],
  ["ok", "topic t.kept", /every row is retained, and removals for longer than an outage/],
  ["ok", "topic t.sized", /retention\.ms for ever/],
  ["warning", "topic t.sized", /retention\.bytes is 1000000 for each partition/],
  ["note", "topic t.empty", /has no records/],
  [
    "error",
    "topic t.broken",
    /t\.broken\/0@0 would be a dead letter, INVALID_JSON/,
    /1 of the last 2 records/,
  ],
  ["ok", "record t.users/", /a row of public\.users with id, email, plan, prefs$/],

  [
    "error",
    "model users: where",
    /names the column "deleted", which the rows of t\.users lack/,
    /they have: email, id, plan, prefs/,
  ],
  ["error", "model users", /would be a dead letter: .*`where`: the expression fails/],
  ["error", "sync names: properties.email", /names the column "emial"/, /did you mean "email"\?/],
  ["error", "sync names: properties.length", /names the column "nam"/],
  ["error", "sync names: timestamp", /names the column "updated_at"/],
  ["error", "sync names: messageId", /names the column "uuid"/],
  ["error", "sync names: watch", /names the column "planet", .*did you mean "plan"\?/],
  [
    "warning",
    "sync names: properties.dark",
    /"prefs", which is text; if it contains JSON, declare `prefs: json`/,
  ],
  ["error", "sync names", /length is left out/],
  [
    "ok",
    "sync names",
    /would send track "Changed" with userId, properties dark, at updated_at; rows that exist at the first start are skipped/,
  ],
  [
    "ok",
    "sync t.short",
    /t\.short\/0@0 would send identify with userId, traits id, email, plan, prefs, at the commit time$/,
  ],
  ["warning", "models over t.filtered: columns", /names the column "plann".*did you mean "plan"\?/],
  ["warning", "model filtered", /none of the last 1 row .* passes `where: row\.plan == "free"`/],
  [
    "error",
    "sync unnamed",
    /no userId and no anonymousId in 1 of 1 row \(missingUser: deadLetter\)/,
  ],

  [
    "warning",
    "topic t.decimals",
    /the column "mrr" looks like base64/,
    /mrr: \{type: decimal, scale: N\}/,
    /decimal\.handling\.mode=string/,
  ],
  [
    "warning",
    "topic t.defaults",
    /: plan: nullable with a default/,
    /replace\.null\.with\.default=false/,
  ],
  [
    "note",
    "topic t.partial",
    /REPLICA IDENTITY of public\.users is not FULL: t\.partial\/0@0, an update, has before: null/,
    /our own store/,
  ],
  [
    "error",
    "topic t.claimed",
    /beforeImage: full is set, and the REPLICA IDENTITY of public\.users is not FULL/,
    /ALTER TABLE public\.users REPLICA IDENTITY FULL/,
  ],
  ["error", "topic t.made-up", /a delete, has a `before` with placeholders/],
  [
    "note",
    "topic t.whole",
    /`before` is complete in t\.whole\/0@0/,
    /beforeImage: full also sends deletes/,
  ],

  ["ok", "schema registry http://127.0.0.1:", /responds; the sampled records use 2 schemas/],
  ["ok", "sync t.avro", /would send identify with userId, traits id/],
  ["error", "topic t.unknown-schema", /UNKNOWN_SCHEMA: .*schema 999999/],

  ["error", "dead letters troubled.dead-letters", /cleanup\.policy=compact would lose entries/],
  ["warning", "control topic troubled.control", /for 1h, shorter than state\.deleteRetention 7d/],
  ["error", "changelog troubled.t.users.changelog", /cleanup\.policy=delete .*set it to compact/],
  ["error", "changelog troubled.t.short.changelog", /has 2 partitions, and its source 1/],
  ["ok", "changelog troubled.t.kept.changelog", /exists, compacted, 1 partition/],
  [
    "ok",
    "internal topics",
    /created by the first start, which needs the Create permission for them: .*troubled\.t\.partial\.changelog/,
  ],
  [
    "note",
    "Segment at http://127.0.0.1:",
    /write key cannot be checked: Segment responds 200 to a wrong one/,
    /--canary/,
  ],
];

for (const [level, about, ...texts] of FOUND) {
  test(`${level}: ${about} ${texts[0]?.source}`, () => {
    const lines = linesOf(troubled).filter((line) =>
      line.startsWith(`${level.padEnd(7)}  ${about}`),
    );
    const found = lines.filter((line) => texts.every((text) => text.test(line)));
    assert.is(found.length, 1, `${lines.join("\n")}\ncomplete output:\n${troubled.stderr}`);
  });
}

test("should find no other error or warning, count them, and exit with 1", () => {
  const count = (level: string) => FOUND.filter(([expected]) => expected === level).length;
  const sum = `${count("error")} errors, ${count("warning")} warnings`;
  assert.is(linesOf(troubled).at(-1), sum, troubled.stderr);
  assert.is(troubled.code, 1);
});

test("should show neither row values nor the write key", () => {
  for (const secret of [EMAIL, "Ada's", "E1Y=", WRITE_KEY])
    assert.not.match(troubled.stderr, secret);
});

const SOUND = {
  name: "sound",
  models: models("t.kept", "t.short"),
  syncs: syncs("t.kept", "t.short"),
};

test("should exit with 0 if only the outage is too long, and without a warning if it is not", async () => {
  const long = await check(SOUND, "--outage", "36h");
  assert.is(long.code, 0, long.stderr);
  assert.match(
    long.stderr,
    /^warning {2}topic t\.short: .*retention\.ms 1d: shorter than an outage of 1d 12h/m,
  );
  assert.is(linesOf(long).at(-1), "0 errors, 1 warning");
  const short = await check(SOUND, "--outage", "12h", "--show-values");
  assert.is(short.code, 0, short.stderr);
  assert.is(linesOf(short).at(-1), "0 errors, 0 warnings");
  const [, shown = ""] = /^ok {7}sync t\.kept: t\.kept\/0@0: (.*)$/m.exec(short.stderr) ?? [];
  const { type, userId, traits } = JSON.parse(shown);
  assert.equal({ type, userId, traits }, { type: "identify", userId: "1", traits: ROW });
});

test("should have sent nothing so far, and created no topic", async () => {
  assert.is(mockSegment.requests, 0);
  const topics = (await admin.listTopics()).filter((topic) => !topic.startsWith("__"));
  // The topic that is denied is not listed for this user either.
  const made = Object.keys(TOPICS).filter((topic) => topic !== "t.denied");
  assert.equal(topics.toSorted(), made.toSorted());
});

test("--canary should send one marked event once, and say where to find it", async () => {
  const { code, stderr } = await check(SOUND, "--outage", "12h", "--canary");
  assert.is(code, 0, stderr);
  assert.is(mockSegment.requests, 1);
  const [message, ...others] = mockSegment.received;
  assert.equal(others, []);
  const { type, event, anonymousId, userId, messageId = "", properties } = message ?? {};
  assert.equal(
    { type, event, anonymousId, userId, properties },
    {
      ...{ type: "track", event: "cdc-to-segment canary", userId: undefined },
      ...{ anonymousId: "cdc-to-segment-canary", properties: { pipeline: "sound" } },
    },
  );
  assert.match(messageId, /^cdc-to-segment-canary-.{36}$/);
  assert.match(stderr, new RegExp(`^note .*messageId ${messageId}.*Debugger`, "m"));
});

test("--canary should not be retried if Segment rejects it", async () => {
  const refusing = await MockSegment.start({ faultFor: () => ({ status: 401 }) });
  const away = {
    ...SOUND,
    kafka: { brokers: ["127.0.0.1:1"], schemaRegistry: { url: "http://127.0.0.1:1" } },
  };
  const segment = { writeKey: WRITE_KEY, url: refusing.url };
  const { code, stderr } = await check({ ...away, segment }, "--canary");
  await refusing.stop();
  assert.is(code, 1, stderr);
  assert.is(refusing.requests, 1);
  assert.match(stderr, /^error {4}Segment at .*SEGMENT_CREDENTIALS/m);
  // Checks that do not need Kafka are made without it.
  assert.match(
    stderr,
    /^error {4}Kafka: BROKER_UNREACHABLE: cannot reach Kafka at 127\.0\.0\.1:1 \(kafka\.brokers\)/m,
  );
  assert.match(
    stderr,
    /^error {4}schema registry http:\/\/127\.0\.0\.1:1: .*does not respond.*correct kafka\.schemaRegistry/m,
  );
  assert.is(linesOf({ stderr }).at(-1), "3 errors, 0 warnings");
  assert.not.match(stderr, WRITE_KEY);
});

test("should reject wrong arguments", async () => {
  const config = written(SOUND);
  for (const [args, text] of [
    [["--canary"], /--canary requires --connect/],
    [
      ["--connect", "--outage", "soon"],
      /--outage is "soon"; write a number and a unit, such as 3d/,
    ],
  ] as const) {
    const { code, stderr } = await cdcToSegment(["check", "--config", config, ...args]);
    assert.is(code, 2, stderr);
    assert.match(stderr, text);
  }
});

function models(...topics: readonly string[]): object {
  return Object.fromEntries(topics.map((topic) => [topic, { topic }]));
}

function syncs(...names: readonly string[]): object {
  const sync = (model: string) => ({ model, type: "identify", userId: "id", traits: "*" });
  return Object.fromEntries(names.map((name) => [name, sync(name)]));
}

function check(settings: object, ...args: readonly string[]): Promise<Ended> {
  return cdcToSegment(["check", "--config", written(settings), "--connect", ...args]);
}

function written(settings: object): string {
  const file = join(directory, "config.json");
  const kafka = { brokers: stack.kafka.brokers, schemaRegistry: { url: stack.registry.url } };
  const segment = { writeKey: WRITE_KEY, url: mockSegment.url };
  writeFileSync(file, JSON.stringify({ kafka, segment, ...settings }));
  return file;
}

function linesOf({ stderr }: Pick<Ended, "stderr">): readonly string[] {
  return stderr.trimEnd().split("\n");
}

function added(after: object): object {
  return envelope({ op: "c", after });
}

/** A nullable column with a default beside one without. */
function withDefault(after: object): object {
  const text = { type: "string", optional: true };
  const schema = envelopeSchema([
    { field: "id", type: "int32", optional: false, default: 0 },
    { field: "plan", default: "free", ...text },
    { field: "note", ...text },
  ]);
  return withSchema(schema, added(after));
}

async function makeTopics(): Promise<void> {
  await admin.createTopics({
    topics: Object.entries(TOPICS).map(([topic, { config = {}, partitions = 1 }]) => ({
      topic,
      numPartitions: partitions,
      configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
    })),
  });
  // One by one: a send that is retried after a partial failure would write records twice.
  for (const [topic, { values = [] }] of Object.entries(TOPICS)) {
    const texts = values.map((value) =>
      typeof value === "string" ? value : JSON.stringify(value),
    );
    const messages = texts.map((value) => ({ key: '{"id":1}', partition: 0, value }));
    if (messages.length > 0) await producer.send({ topic, messages });
  }
  const schema = { type: "record", name: "Value", fields: [{ name: "id", type: "long" }] };
  const response = got.post(`${stack.registry.url}/subjects/value/versions`, {
    json: { schema: JSON.stringify(schema) },
  });
  await avro("t.avro", (await response.json<{ id: number }>()).id);
  await avro("t.unknown-schema", 999_999);
  const { ALL, DESCRIBE_CONFIGS } = kafkajs.AclOperationTypes;
  const { ALLOW, DENY } = kafkajs.AclPermissionTypes;
  const rule = (
    topic: string,
    operation: AclOperationTypes,
    permissionType: AclPermissionTypes,
  ) => ({
    ...{
      resourceType: kafkajs.AclResourceTypes.TOPIC,
      resourcePatternType: kafkajs.ResourcePatternTypes.LITERAL,
    },
    ...{ resourceName: topic, principal: "User:ANONYMOUS", host: "*", operation, permissionType },
  });
  await admin.createAcls({
    acl: [
      rule("t.denied", ALL, DENY),
      rule("t.secretive", ALL, ALLOW),
      rule("t.secretive", DESCRIBE_CONFIGS, DENY),
    ],
  });
}

/** A row `{id: 1}` in the wire format. */
async function avro(topic: string, schema: number): Promise<void> {
  const value = Buffer.from([0, 0, 0, 0, 0, 2]);
  value.writeInt32BE(schema, 1);
  await producer.send({ topic, messages: [{ key: '{"id":1}', value }] });
}

test.run();
