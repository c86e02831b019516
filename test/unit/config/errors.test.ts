import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSettings } from "../../../src/config/read.ts";
import type { CdcError } from "../../../src/lib/errors.ts";

const s = suite("config: an error says what is wrong, where, and what to write");

const VALID = `name: acme
segment:
  writeKey: k
models:
  users:
    topic: app.users
syncs:
  lifecycle:
    model: users
    type: track
    userId: id
    events:
      added: Added
`;

/** The lines of the report for the valid file with one text replaced, or some lines added at its end. */
function report(from: string, to: string): readonly string[] {
  const text = from === "" ? VALID + to : VALID.replace(from, to);
  assert.is.not(text, VALID, "the text to replace is there");
  try {
    parseSettings(text, "c.yaml", {});
  } catch (error) {
    const { code, consequence, message } = error as CdcError;
    assert.equal([code, consequence], ["CONFIGURATION", "usage"]);
    return message.split("\n");
  }
  return [];
}

type Case = readonly [title: string, from: string, to: string, location: string, text: RegExp];

const CASES: readonly Case[] = [
  // names
  ["a misspelt setting", "topic:", "topik:", "6: models.users.topik", /did you mean "topic"/],
  [
    "an unknown setting",
    "",
    "x: 1\n",
    "14: x",
    /allowed here: name, kafka, segment, models, syncs/,
  ],
  [
    "a setting of another sync type",
    "events:",
    "traits: [a]\n    events:",
    "12: syncs.lifecycle.traits",
    /unknown.*allowed here.*properties/,
  ],
  [
    "a misspelt event kind",
    "added:",
    "aded:",
    "13: syncs.lifecycle.events.aded",
    /did you mean "added"/,
  ],
  [
    "an unknown model",
    "model: users",
    "model: user",
    "9: syncs.lifecycle.model",
    /no model "user"; did you mean "users"/,
  ],
  [
    "a model with no similar name",
    "model: users",
    "model: zzz",
    "9: syncs.lifecycle.model",
    /allowed here: users/,
  ],
  // missing
  ["a missing name", "name: acme\n", "", "1: name", /required and missing/],
  [
    "a missing write key",
    "writeKey: k",
    "region: us",
    "2: segment.writeKey",
    /required and missing/,
  ],
  [
    "a sync without a user",
    "    userId: id\n",
    "",
    "8: syncs.lifecycle",
    /set userId, anonymousId or both/,
  ],
  [
    "a track sync without events",
    "    events:\n      added: Added\n",
    "",
    "8: syncs.lifecycle.events",
    /required and missing/,
  ],
  [
    "no event name at all",
    "events:\n      added: Added",
    "events: {}",
    "12: syncs.lifecycle.events",
    /found \{\}: name at least one of added, changed, removed/,
  ],
  [
    "no sync at all",
    VALID.slice(VALID.indexOf("syncs:")),
    "syncs: {}\n",
    "7: syncs",
    /at least one sync/,
  ],
  [
    "a model without a topic",
    "topic: app.users",
    "key: [id]",
    "5: models.users",
    /write either `topic: name` or `topics: \[a, b\]`/,
  ],
  // wrong
  [
    "an unknown type of sync",
    "type: track",
    "type: trak",
    "10: syncs.lifecycle.type",
    /found "trak".*identify, track, track-entered-exited/,
  ],
  [
    "events where they have no meaning",
    "type: track",
    "type: track-entered-exited",
    "12: syncs.lifecycle.events",
    /unknown setting/,
  ],
  [
    "an unknown region",
    "writeKey: k",
    "writeKey: k\n  region: asia",
    "4: segment.region",
    /found "asia": write us or eu$/,
  ],
  [
    "a name with a space",
    "name: acme",
    "name: a b",
    "1: name",
    /found "a b": use at most 100 characters/,
  ],
  [
    "a duration without a unit",
    "",
    'state: {deleteRetention: "7"}\n',
    "14: state.deleteRetention",
    /found "7": a duration needs a unit .*write 7ms for 7 ms/,
  ],
  [
    "a number out of bounds",
    "",
    "limits: {queueRecords: 0}\n",
    "14: limits.queueRecords",
    /found 0: write a whole number from 1 to 1000000/,
  ],
  [
    "a broker without a port",
    "",
    "kafka:\n  brokers: [localhost]\n",
    "15: kafka.brokers.0",
    /found "localhost": write host:port/,
  ],
  [
    "an unknown column type",
    "topic: app.users",
    "topic: app.users\n    columns: {x: decimall}",
    "7: models.users.columns.x",
    /found "decimall": write a column's type \(boolean, int.*\) or \{type/,
  ],
  [
    "properties of no known form",
    "events:",
    "properties: 5\n    events:",
    "12: syncs.lifecycle.properties",
    /found 5: write a list of columns, a map/,
  ],
  [
    "a value of no known form",
    "userId: id",
    "userId: {val: 1}",
    "11: syncs.lifecycle.userId",
    /found \{"val":1\}: write a column name/,
  ],
  [
    "both topic and topics",
    "topic: app.users",
    "topic: a\n    topics: [b]",
    "5: models.users",
    /write either/,
  ],
  ["a topic named twice", "topic: app.users", "topics: [a, a]", "6: models.users.topics", /twice/],
  [
    "a value instead of a list",
    "",
    "kafka: {brokers: 'a:1'}\n",
    "14: kafka.brokers",
    /write a list of brokers, each as host:port$/,
  ],
  [
    "an empty list",
    "topic: app.users",
    "topics: []",
    "6: models.users.topics",
    /found \[\]: name at least one topic$/,
  ],
  [
    "a sync that is a value",
    VALID.slice(VALID.indexOf("  lifecycle:")),
    "  lifecycle: 5\n",
    "8: syncs.lifecycle",
    /found 5: write settings as `name: value`$/,
  ],
  [
    "a map of no known form",
    "",
    "kafka: {brokers: ['a:1'], tls: {cafile: a}}\n",
    "14: kafka.tls.cafile",
    /unknown setting/,
  ],
  [
    "a constant that is also an expression",
    "userId: id",
    "userId: {value: 1, cel: '2'}",
    "11: syncs.lifecycle.userId",
    /write a column name, \{value: constant\} or \{cel: expression\}$/,
  ],
  // expressions
  [
    "a filter that does not parse",
    "topic: app.users",
    "topic: app.users\n    where: row.x +",
    "7: models.users.where",
    /`row.x \+` is wrong/,
  ],
  [
    "a filter that is not a condition",
    "topic: app.users",
    "topic: app.users\n    where: 1 + 2",
    "7: models.users.where",
    /type is int and must be bool/,
  ],
  [
    "an expression that does not parse",
    "events:",
    "properties: {a: {cel: row.}}\n    events:",
    "12: syncs.lifecycle.properties.a",
    /`row\.` is wrong/,
  ],
  [
    "a user expression that does not parse",
    "userId: id",
    "userId: {cel: (}",
    "11: syncs.lifecycle.userId",
    /is wrong/,
  ],
  // YAML
  ["broken YAML", "name: acme", "name: [", "2", /not YAML/],
  [
    "a setting that is set twice",
    "",
    "name: b\n",
    "14: name",
    /^c\.yaml:14: name: is already set in line 1; remove one of them$/,
  ],
  [
    "a list where settings are wanted",
    VALID,
    "- a\n",
    "1: (top)",
    /write settings as `name: value`/,
  ],
];

for (const [title, from, to, location, text] of CASES) {
  s(`should report ${title}`, () => {
    const lines = report(from, to);
    const line = lines.find((one) => one.startsWith(`c.yaml:${location}: `));
    assert.ok(line, `c.yaml:${location} is not in\n${lines.join("\n")}`);
    assert.match(line as string, text);
  });
}

s("should say which file cannot be read", async () => {
  const { readSettings } = await import("../../../src/config/read.ts");
  assert.throws(() => readSettings("/nowhere/c.yaml", {}), /\/nowhere\/c\.yaml cannot be read/);
});

const SECRETS: readonly (readonly [title: string, from: string, to: string])[] = [
  ["a write key of a wrong form", "writeKey: k", "writeKey: [hunter2]"],
  ["a write key in the section's place", "segment:\n  writeKey: k", "segment: hunter2"],
  ["a write key in a list", "segment:\n  writeKey: k", "segment: [hunter2]"],
  [
    "a password of a wrong form",
    "",
    "kafka: {brokers: ['a:1'], sasl: {mechanism: plain, username: bob, password: [hunter2]}}\n",
  ],
  ["a password in the section's place", "", "kafka: {brokers: ['a:1'], sasl: hunter2}\n"],
  [
    "a password in an address",
    "",
    "kafka: {brokers: ['a:1'], schemaRegistry: {url: 'ftp://bob:hunter2@host'}}\n",
  ],
  ["a password in a broker's name", "", "kafka: {brokers: ['bob:hunter2@host']}\n"],
  ["a secret that is the whole file", VALID, "hunter2\n"],
];

for (const [title, from, to] of SECRETS) {
  s(`should not show ${title}`, () => {
    const lines = report(from, to);
    assert.ok(lines.length > 0);
    assert.not.match(lines.join("\n"), /hunter2/);
  });
}

s("should show what was found in a section whose name merely sounds secret", () => {
  const lines = report(
    "  users:\n    topic: app.users",
    "  users:\n    topic: a\n  campaign_keys:\n    topic: 5",
  );
  assert.match(lines.join(), /models\.campaign_keys\.topic: found 5/);
});

s.run();
