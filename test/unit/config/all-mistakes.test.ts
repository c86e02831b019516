import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse, stringify } from "yaml";
import { parseSettings } from "../../../src/config/read.ts";
import { CdcError } from "../../../src/lib/errors.ts";

const s = suite("config: all mistakes of a file are reported at once");

const VALID = `name: acme
kafka:
  brokers: ['localhost:9092']
  sessionTimeout: 30s
  stallTimeout: 2m
  tls: {ca: ca.pem}
  sasl: {mechanism: plain, username: app, password: p}
segment:
  writeKey: k
  region: us
  compression: none
  linger: 20ms
state:
  directory: ./state
  memory: 96MB
  onDataLoss: stop
checkpoint:
  rows: 5000
limits:
  queueRecords: 4000
deadLetters:
  maxRatio: 0.5
log:
  level: info
status:
  port: 8686
models:
  users:
    topic: app.users
    where: row.a == 1
    columns: {balance: {type: decimal, scale: 2}}
    onTruncate: remove
  paying:
    topic: app.users
    columns: {balance: {type: decimal, scale: 2}}
    onTruncate: remove
  orders:
    topics: [a, b]
    keyChangeTimeout: 10s
syncs:
  profile:
    model: users
    type: identify
    userId: id
    traits: {a: a}
  lifecycle:
    model: paying
    type: track
    userId: id
    messageId: eid
    events: {added: A, changed: C}
    properties: {mrr: {cel: row.x}}
  paying:
    model: users
    type: track-entered-exited
    anonymousId: device
    messageId: fid
    initialResults: send
  orders:
    model: orders
    type: track
    userId: {cel: string(row.id)}
    events: {added: Order Placed}
    watch: [plan]
`;

type Mistake = {
  readonly from: string;
  readonly to: string;
  /** Where and what, one for each line of the report; the offset is in lines from the mistake's first. */
  readonly found: readonly (readonly [path: string, text: RegExp, offset?: number])[];
};

const mistake = (from: string, to: string, ...found: Mistake["found"]): Mistake => ({
  from,
  to,
  found,
});

const MISTAKES: readonly Mistake[] = [
  mistake("name: acme", "name: a b", ["name", /found "a b": use at most 100 characters/]),
  mistake(
    "brokers: ['localhost:9092']",
    "brokers: [localhost, 'a:1', 5]",
    ["kafka.brokers.0", /found "localhost": write host:port/],
    ["kafka.brokers.2", /found 5: write host:port/],
  ),
  mistake("sessionTimeout: 30s", "sessionTimeout_ms: 45000", [
    "kafka.sessionTimeout_ms",
    /now called sessionTimeout; write `sessionTimeout: 45s`/,
  ]),
  mistake("stallTimeout: 2m", "stallTimeout: 5s", [
    "kafka.stallTimeout",
    /found "5s": write a duration from 90s to 1h/,
  ]),
  mistake(
    "tls: {ca: ca.pem}",
    "tls: {ca: [], crt: x}",
    ["kafka.tls.ca", /write the path of a PEM file/],
    ["kafka.tls.crt", /unknown setting; did you mean "cert"/],
  ),
  mistake("mechanism: plain", "mechanism: kerberos", [
    "kafka.sasl.mechanism",
    /found "kerberos": write plain, scram-sha-256 or scram-sha-512/,
  ]),
  mistake(
    "writeKey: k",
    "writeKy: k",
    ["segment.writeKy", /did you mean "writeKey"/],
    ["segment.writeKey", /is required and missing; write the source's write key/, -1],
  ),
  mistake("region: us", "region: asia", ["segment.region", /found "asia": write us or eu/]),
  mistake("compression: none", "compression: ${NOWHERE}", [
    "segment.compression",
    /the environment variable NOWHERE is not set/,
  ]),
  mistake("linger: 20ms", "linger: 20", [
    "segment.linger",
    /found 20: a duration needs a unit \(ms, s, m, h, d\); write 20ms for 20 ms/,
  ]),
  mistake("directory: ./state", "directory: ./state\n  directory: ./other", [
    "state.directory",
    /is already set in line \d+; remove one of them/,
    1,
  ]),
  mistake("memory: 96MB", "memory_bytes: 64000000", [
    "state.memory_bytes",
    /now called memory; write `memory: 64MB`/,
  ]),
  mistake("onDataLoss: stop", "onGap: continue", [
    "state.onGap",
    /now called onDataLoss; write `onDataLoss: continue`/,
  ]),
  mistake("rows: 5000", "rows: many", [
    "checkpoint.rows",
    /found "many": write a whole number from 1 to 1000000/,
  ]),
  mistake("queueRecords: 4000", "lane_bytes: 1500", [
    "limits.lane_bytes",
    /now called deliveryBytes; write `deliveryBytes: 1500B`/,
  ]),
  mistake("maxRatio: 0.5", "maxRatio: 2", [
    "deadLetters.maxRatio",
    /found 2: write a number above 0 and at most 1/,
  ]),
  mistake("log:\n  level: info", "logs:\n  level: info", ["logs", /did you mean "log"/]),
  mistake(
    "port: 8686",
    "hots: 127.0.0.1\n  port: 99999",
    ["status.hots", /did you mean "host"/],
    ["status.port", /found 99999: write a whole number from 0 to 65535/, 1],
  ),
  mistake("where: row.a == 1", "where: row.a +", ["models.users.where", /`row\.a \+` is wrong/]),
  mistake("onTruncate: remove\n  paying", "onTruncate: ignore\n  paying", [
    "models.paying.onTruncate",
    /"users" and "paying" read the same topic app\.users .* write the same `onTruncate` in both/,
    4,
  ]),
  mistake(
    "columns: {balance: {type: decimal, scale: 2}}\n    onTruncate: remove\n  orders",
    "columns: {balance: {type: decimall, scale: x}, a: text}\n    onTruncate: remove\n  orders",
    ["models.paying.columns.balance.type", /found "decimall": write boolean, int/],
    ["models.paying.columns.balance.scale", /found "x": write a whole number/],
    ["models.paying.columns.a", /found "text": write a column's type/],
  ),
  mistake("topics: [a, b]", "topics: [a, b, a]", ["models.orders.topics", /names a twice/]),
  mistake("keyChangeTimeout: 10s", "keyChangeWait_ms: 0", [
    "models.orders.keyChangeWait_ms",
    /now called keyChangeTimeout; write `keyChangeTimeout: 0ms`/,
  ]),
  mistake("type: identify", "type: identfy", [
    "syncs.profile.type",
    /found "identfy": write one of identify, track, track-entered-exited/,
  ]),
  mistake(
    "userId: id\n    traits",
    "userid: id\n    traits",
    ["syncs.profile.userid", /did you mean "userId"/],
    ["syncs.profile", /set userId, anonymousId or both/, -3],
  ),
  mistake("{added: A, changed: C}", "{aded: A, changed: C}", [
    "syncs.lifecycle.events.aded",
    /did you mean "added"/,
  ]),
  mistake("{cel: row.x}", "{cel: row.}", ["syncs.lifecycle.properties.mrr", /`row\.` is wrong/]),
  mistake("anonymousId: device", "anonymousId: *device", [
    "syncs.paying.anonymousId",
    /no anchor before this alias has its name/,
  ]),
  mistake("messageId: fid", "messageId: 'eid'", [
    "syncs.paying.messageId",
    /sync "lifecycle" uses the same column of the same topic/,
  ]),
  mistake(
    "initialResults: send",
    "initialResults: maybe\n    events: {}",
    ["syncs.paying.initialResults", /found "maybe": write skip or send/],
    ["syncs.paying.events", /unknown setting/, 1],
  ),
  mistake("model: orders", "model: oders", [
    "syncs.orders.model",
    /there is no model "oders"; did you mean "orders"/,
  ]),
  mistake(
    "{cel: string(row.id)}",
    "{cel: '(', val: 1}",
    ["syncs.orders.userId.val", /unknown/],
    ["syncs.orders.userId", /is wrong/],
  ),
  mistake(
    "events: {added: Order Placed}",
    "properties: 5",
    ["syncs.orders.events", /is required and missing/, -4],
    ["syncs.orders.properties", /found 5: write a list of columns, a map/],
  ),
  mistake("watch: [plan]", "watch: [plan, {}]", [
    "syncs.orders.watch.1",
    /found \{\}: write a column name/,
  ]),
];

function report(text: string): readonly string[] {
  try {
    parseSettings(text, "c.yaml", {});
  } catch (error) {
    assert.instance(error, CdcError, `${error}`);
    return (error as CdcError).message.split("\n");
  }
  return [];
}

function requireAll(mistakes: readonly Mistake[]): void {
  const text = mistakes.reduce((planted, { from, to }) => {
    assert.is(planted.split(from).length, 2, `${from} is there once`);
    return planted.replace(from, () => to);
  }, VALID);
  const lineOf = (to: string) => text.slice(0, text.indexOf(to)).split("\n").length;
  const lines = [...report(text)];
  for (const { to, found } of mistakes) {
    for (const [path, expected, offset = 0] of found) {
      const start = `c.yaml:${lineOf(to) + offset}: ${path}: `;
      const i = lines.findIndex((line) => line.startsWith(start) && expected.test(line));
      assert.ok(i >= 0, `${start}${expected} is not in\n${lines.join("\n")}`);
      lines.splice(i, 1);
    }
  }
  assert.equal(lines, [], "nothing else is reported");
}

s("should accept the file without mistakes", () => assert.equal(report(VALID), []));

for (const one of MISTAKES) {
  s(`should report ${one.to.replaceAll("\n", "; ")}`, () => requireAll([one]));
}

s("should report all mistakes together", () => requireAll(MISTAKES));

s("should report any combination of mistakes", () => {
  fc.assert(fc.property(fc.subarray([...MISTAKES]), requireAll), { numRuns: 30 });
});

s("should report every syntax error", () => {
  const lines = report('name: "a\\q"\nsegment: {writeKey: "b\\q"}\n');
  assert.equal(
    lines.map((line) => line.slice(0, 20)),
    ["c.yaml:1: not YAML: ", "c.yaml:2: not YAML: "],
  );
});

/** Any value instead of any other: the file is valid, or every line says where and what, in our words. */
s("should end every wrong file with a report", () => {
  const paths = pathsIn(parse(VALID));
  const value = fc.oneof(
    fc.constantFrom(null, true, 0, -1, 1.5, 20, "", "x", "20ms", "*", "off", [], {}, [[]], {
      a: {},
      cel: "row.a",
    }),
    fc.jsonValue({ maxDepth: 3 }),
  );
  const change = fc.tuple(fc.constantFrom(...paths), value);
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const settings = parse(VALID);
      for (const [path, planted] of changes) plant(settings, path, planted);
      for (const line of report(stringify(settings, { aliasDuplicateObjects: false }))) {
        assert.match(line, /^c\.yaml:\d+: .*: ./);
        assert.not.match(line, /Invalid (?:input|option)|Too (?:small|big)|Unrecognized/);
      }
    }),
    { numRuns: 60 },
  );
});

function pathsIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  const inner = Object.entries(value).flatMap(([name, child]) => pathsIn(child, [...path, name]));
  return path.length === 0 ? inner : [path, ...inner];
}

function plant(settings: unknown, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path;
  if (typeof settings !== "object" || settings === null || name === undefined) return;
  if (rest.length === 0) Object.assign(settings, { [name]: value });
  else plant(Reflect.get(settings, name), rest, value);
}

s.run();
