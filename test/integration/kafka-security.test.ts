import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment, type ReceivedMessage } from "../../src/cli/demo/mock-segment.ts";
import { type KafkaSettings, kafkaClient } from "../../src/kafka/kafka-client.ts";
import { KafkaJournal } from "../../src/kafka/kafka-journal.ts";
import { KafkaSource } from "../../src/kafka/kafka-source.ts";
import { CdcError } from "../../src/lib/errors.ts";
import { type Logger, noopLogger } from "../../src/lib/logger.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import {
  brokerWithListeners,
  type ListenerName,
  MECHANISMS,
  type Mechanism,
  PASSWORDS,
} from "../support/broker-listeners.ts";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import { cdcToSegment, start } from "../support/command-line.ts";
import { envelope, TOPIC } from "../support/debezium.ts";
import { firstRecord } from "../support/first-record.ts";

/** Connections to a secured Kafka with `kafka.tls` and `kafka.sasl`, and connections that it must reject. */

const WRONG = "Sesam-wrong";
/** Part of every password here. */
const SECRET = /Sesam/;

/** kafkajs retries for about 20 s before it reports a rejection. */
const SETTLED_TIMEOUT_MS = 30_000;

const directory = mkdtempSync(join(tmpdir(), "kafka-security-"));
const test = suite("a secured Kafka");
let certificates: Certificates;
let stack: Stack;
let mockSegment: MockSegment;
let topics = 0;
const arrived = Promise.withResolvers<ReceivedMessage>();
const sources: KafkaSource[] = [];

/** Every log line of every level, with all its fields. */
const lines: string[] = [];
const collect = (fields: object, text: string) => {
  lines.push(`${text} ${inspect(fields, { depth: 20 })}`);
};
const log: Logger = { debug: collect, info: collect, warn: collect, error: collect };

test.before(async () => {
  // kafkajs logs everything, and Node verifies only certificates that we ask it to verify.
  Object.assign(process.env, { KAFKAJS_LOG_LEVEL: "debug", NODE_TLS_REJECT_UNAUTHORIZED: "0" });
  certificates = await makeCertificates(directory);
  stack = await startStack({ kafka: brokerWithListeners(certificates) });
  mockSegment = await MockSegment.start({ onMessage: arrived.resolve });
  const kafka = kafkaClient({ brokers: stack.kafka.brokers, clientId: "setup" }, noopLogger);
  const admin = kafka.admin();
  const producer = kafka.producer();
  await Promise.all([admin.connect(), producer.connect()]);
  await admin.createTopics({ topics: [{ topic: TOPIC }] });
  const value = JSON.stringify(envelope({ op: "c", after: { id: 1, email: "ada@example.com" } }));
  await producer.send({ topic: TOPIC, messages: [{ key: '{"id":1}', value }] });
  await Promise.all([admin.disconnect(), producer.disconnect()]);
});

test.after.each(async () => {
  await Promise.all(sources.splice(0).map((source) => source.stop()));
});

test.after(async () => {
  await mockSegment?.stop();
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

test("TLS, with a CA certificate of our own", () => roundTrip(to("TLS", { tls: privateCa() })));

test("TLS, with the host name in the certificate", () => {
  const brokers = brokersOf("TLS").map((broker) => broker.replace("127.0.0.1", "localhost"));
  return roundTrip({ ...to("TLS", { tls: privateCa() }), brokers });
});

test("TLS, with a client certificate", () =>
  roundTrip(to("MUTUAL", { tls: { ...privateCa(), ...pair("client") } })));

for (const mechanism of MECHANISMS)
  test(`SASL ${mechanism} over TLS`, () =>
    roundTrip(to("SASL", { tls: privateCa(), sasl: login(mechanism) })));

test("rejected connections, and their error messages", async () => {
  const { otherCa } = certificates;
  const rejected: readonly (readonly [KafkaSettings, RegExp])[] = [
    [to("TLS", { tls: { ca: otherCa.cert } }), /unable to verify.*kafka\.tls\.ca/],
    [to("TLS", { tls: true }), /unable to verify.*kafka\.tls\.ca/],
    [
      to("ELSEWHERE", { tls: privateCa() }),
      /127\.0\.0\.1 is not in the cert's list.*kafka\.brokers/,
    ],
    [to("MUTUAL", { tls: privateCa() }), /alert bad certificate \(.*kafka\.tls\.cert/],
    [to("MUTUAL", { tls: { ...privateCa(), ...pair("otherCa") } }), /alert .*kafka\.tls\.cert/],
    [to("SASL", { tls: privateCa() }), /Closed connection.*kafka\.sasl/],
    [to("SASL", { sasl: login("plain") }), /Closed connection.*kafka\.tls/],
    [to("TLS", { tls: privateCa(), sasl: login("plain") }), /SASL state.*kafka\.sasl/],
    ...MECHANISMS.map((mechanism) => {
      const sasl = login(mechanism, WRONG);
      const text = /SASL (PLAIN|SCRAM SHA\d+) authentication failed.*kafka\.sasl/;
      return [to("SASL", { tls: privateCa(), sasl }), text] as const;
    }),
  ];
  await Promise.all(
    rejected.map(async ([kafka, text]) => {
      const errors = await Promise.all([
        rejection(firstRecord(sourceOf(kafka, TOPIC))),
        rejection(KafkaJournal.open({ kafka, log, topic: "rejected", retentionMs: -1 })),
      ]);
      const what = inspect(kafka);
      for (const error of errors) {
        const isLogin = text.source.startsWith("SASL");
        assert.is(error.code, isLogin ? "KAFKA_CREDENTIALS" : "BROKER_UNREACHABLE", what);
        assert.match(error.message, `${kafka.brokers[0]} (kafka.brokers)`, what);
        assert.match(error.message, text, what);
        assert.not.match(inspect(error, { depth: 20 }), SECRET);
      }
    }),
  );
});

test("TLS files that cannot be used", () => {
  const { ca, client } = certificates;
  const wrong = [
    { ca: join(directory, "absent.pem") },
    { ca: ca.key },
    { cert: client.cert },
    { cert: client.cert, key: ca.key },
    { cert: client.key, key: client.key },
  ];
  for (const tls of wrong)
    assert.throws(
      () => kafkaClient(to("TLS", { tls }), noopLogger),
      (error: CdcError) => error.code === "CONFIGURATION" && /kafka\.tls/.test(error.message),
      inspect(tls),
    );
});

test("`check --connect` and `run`, with the password from the environment", async () => {
  const config = configuration();
  const env = { KAFKA_PASSWORD: PASSWORDS["scram-sha-512"] };
  const checked = await cdcToSegment(["check", "--config", config, "--connect"], env);
  assert.is(checked.code, 0, checked.stderr);
  assert.match(checked.stderr, `${TOPIC}/0@0: a row of public.users with id, email`);
  assert.not.match(checked.stderr, SECRET);

  const { child, ended } = start(["run", "--config", config], env);
  const late = sleep(SETTLED_TIMEOUT_MS, undefined, { ref: false });
  await Promise.race([ended, arrived.promise, late]);
  child.kill("SIGTERM");
  const { code, stderr } = await ended;
  assert.is(code, 0, stderr);
  assert.not.match(stderr, SECRET);
  assert.equal(
    mockSegment.accepted.map(({ traits }) => traits),
    [{ email: "ada@example.com" }],
  );
});

test("`check --connect` and `run`, with a wrong password", async () => {
  const startedTime = Date.now();
  const config = configuration();
  const ends = await Promise.all([
    cdcToSegment(["check", "--config", config, "--connect"], { KAFKA_PASSWORD: WRONG }),
    cdcToSegment(["run", "--config", config], { KAFKA_PASSWORD: WRONG }),
  ]);
  assert.ok(
    Date.now() - startedTime < SETTLED_TIMEOUT_MS,
    `it took ${Date.now() - startedTime} ms`,
  );
  for (const { code, stderr } of ends) {
    assert.is(code, 1, stderr);
    const expected = `KAFKA_CREDENTIALS.*${brokersOf("SASL")}.*authentication failed`;
    assert.match(stderr, new RegExp(expected));
    assert.not.match(stderr, SECRET);
  }
});

test("no password in any log line of these tests", () => {
  const all = lines.join("\n");
  assert.match(all, /SASL PLAIN authentication failed/);
  assert.not.match(all, SECRET);
});

/** Appends with `KafkaJournal` and reads the entry as a member of a group. */
async function roundTrip(kafka: KafkaSettings): Promise<void> {
  const topic = `secured.${++topics}`;
  const value = Buffer.from(topic);
  const appender = await KafkaJournal.open({ kafka, log, topic, retentionMs: -1 });
  await appender.append([{ key: null, value, headers: {} }]);
  await appender.close();
  assert.equal((await firstRecord(sourceOf(kafka, topic))).value, value);
}

/** A source that is stopped after its test. */
function sourceOf(kafka: KafkaSettings, topic: string): KafkaSource {
  const source = new KafkaSource({ kafka, groupId: topic, topics: [topic], log });
  sources.push(source);
  return source;
}

/** Frozen: kafkajs would modify them. */
function to(
  listener: ListenerName,
  { tls, sasl }: Pick<KafkaSettings, "tls" | "sasl">,
): KafkaSettings {
  return Object.freeze({
    brokers: brokersOf(listener),
    clientId: "test",
    tls,
    sasl: Object.freeze(sasl),
  });
}

function brokersOf(listener: ListenerName): string[] {
  return stack.kafka.listeners[listener] ?? [];
}

const privateCa = () => ({ ca: certificates.ca.cert });

function pair(name: keyof Certificates): { cert: string; key: string } {
  const { cert, key } = certificates[name];
  return { cert, key };
}

function login(mechanism: Mechanism, password = PASSWORDS[mechanism]) {
  return { mechanism, username: "app", password };
}

async function rejection(work: Promise<unknown>): Promise<CdcError> {
  const settled = work.then(
    () => "connected",
    (error) => error,
  );
  const late = sleep(SETTLED_TIMEOUT_MS, "timeout", { ref: false });
  const error = await Promise.race([settled, late]);
  assert.instance(error, CdcError, String(error));
  return error;
}

function configuration(): string {
  const file = join(directory, "config.yaml");
  const text = `
name: secured
kafka:
  brokers: ["${brokersOf("SASL")}"]
  tls: {ca: ${certificates.ca.cert}}
  sasl: {mechanism: scram-sha-512, username: app, password: "\${KAFKA_PASSWORD}"}
state: {directory: ${directory}/state}
segment: {writeKey: secret, url: "${mockSegment.url}"}
log: {level: debug, format: json}
status: {port: 0}
models: {users: {topic: ${TOPIC}}}
syncs: {profile: {model: users, type: identify, userId: id, traits: [email]}}
`;
  writeFileSync(file, text);
  return file;
}

test.run();
