import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSettings } from "../../../src/config/read.ts";
import { messageOf } from "../../../src/lib/errors.ts";

const s = suite("config: an old name of a setting is an error that names the new one");

/** The whole file with one setting in a section. */
function problems(section: string, setting: string): string {
  const inner = section.startsWith("models") ? `, ${setting}` : "";
  const text = `name: a
segment: {writeKey: k${section === "segment" ? `, ${setting}` : ""}}
models: {users: {topic: t${inner}}}
syncs: {s: {model: users, type: identify, userId: id}}
${section === "segment" || inner !== "" ? "" : `${section}: {${section === "kafka" ? "brokers: ['a:1'], " : ""}${setting}}`}
`;
  try {
    parseSettings(text, "c.yaml", {});
  } catch (error) {
    return messageOf(error);
  }
  return "";
}

const RENAMED: readonly (readonly [section: string, old: string, now: string])[] = [
  ["kafka", "sessionTimeout_ms: 30000", "sessionTimeout: 30s"],
  ["kafka", "silence_ms: 120000", "stallTimeout: 2m"],
  ["segment", "linger_ms: 0", "linger: 0ms"],
  ["segment", "linger_ms: 20", "linger: 20ms"],
  ["segment", "timeout_ms: 1500", "timeout: 1500ms"],
  ["state", "forgetDeletedAfter: 14d", "deleteRetention: 14d"],
  ["state", "memory_bytes: 96000000", "memory: 96MB"],
  ["state", "memory_bytes: 67108864", "memory: 67108864B"],
  ["state", "onGap: continue", "onDataLoss: continue"],
  ["checkpoint", "interval_ms: 3600000", "interval: 1h"],
  ["limits", "queue_records: 4000", "queueRecords: 4000"],
  ["limits", "queue_bytes: 8000000", "queueBytes: 8MB"],
  ["limits", "lane_messages: 5000", "deliveryMessages: 5000"],
  ["limits", "lane_bytes: '4000'", "deliveryBytes: 4KB"],
  ["deadLetters", "stopAfterInARow: 10", "maxConsecutive: 10"],
  ["deadLetters", "stopAtRatio: 0.25", "maxRatio: 0.25"],
  ["models.users", "keyChangeWait_ms: 86400000", "keyChangeTimeout: 1d"],
  ["models.users", "reconcileWait_ms: 60000", "reconcileDelay: 1m"],
];

for (const [section, old, now] of RENAMED) {
  s(`should answer ${section}.${old} with ${now}`, () => {
    const [name] = old.split(":");
    const [newName] = now.split(":");
    const text = `${section}.${name}: this setting is now called ${newName}; write \`${now}\``;
    assert.is(problems(section, old).replace(/^c\.yaml:\d: /, ""), text);
  });
}

s("should accept every line that it says to write, within its bounds", () => {
  for (const [section, , now] of RENAMED) {
    if (!/interval: 1h|keyChangeTimeout/.test(now)) assert.is(problems(section, now), "", now);
  }
});

s("should name the new setting where the old value is of no use", () => {
  const text = /timeout_ms: this setting is now called timeout; write `timeout: \.\.\.`$/;
  assert.match(problems("segment", "timeout_ms: hunter2"), text);
  assert.match(problems("segment", "timeout_ms: [hunter2]"), text);
});

s("should know an old name only in its section", () => {
  assert.match(problems("state", "linger_ms: 5"), /state\.linger_ms: unknown setting/);
});

const QUANTITIES: readonly (readonly [section: string, setting: string, expected: RegExp])[] = [
  ["segment", "linger: 30000", /found 30000: .*write 30s for 30000 ms$/],
  ["segment", "linger: '5'", /found "5": .*write 5ms for 5 ms$/],
  ["segment", "linger: 2m", /found "2m": write a duration from 0ms to 1m, with a unit/],
  ["segment", "linger: 5 s", /found "5 s": write a duration from 0ms to 1m/],
  ["segment", "linger: -5ms", /found "-5ms": write a duration/],
  ["segment", "linger: 1.5s", /found "1.5s": write a duration/],
  ["state", "memory: 96000000", /found 96000000: a size needs a unit .*write 96MB for 96000000 B$/],
  ["state", "memory: 96mb", /found "96mb": write a size from 1MB to 1TB, with a unit \(B, KB/],
  ["state", "memory: 999KB", /found "999KB": write a size from 1MB/],
  ["state", "deleteRetention: ~", /found nothing: write a duration/],
  ["limits", "queueRecords: 4KB", /found "4KB": write a whole number from 1 to 1000000$/],
];

for (const [section, setting, expected] of QUANTITIES) {
  s(`should reject ${setting}`, () => assert.match(problems(section, setting), expected));
}

s("should read durations in milliseconds and sizes in bytes", () => {
  const text = `name: a
segment: {writeKey: k, linger: 250ms, timeout: 10s}
state: {deleteRetention: 2d, memory: 2GB}
checkpoint: {interval: 1m, bytes: 1500B}
limits: {queueBytes: 3KB, deliveryBytes: 7MB}
models: {users: {topic: t, keyChangeTimeout: 1h}}
syncs: {s: {model: users, type: identify, userId: id}}`;
  const { segment, state, checkpoint, limits, models } = parseSettings(text, "c.yaml", {});
  assert.equal([segment.linger, segment.timeout], [250, 10_000]);
  assert.equal([state.deleteRetention, state.memory], [172_800_000, 2_000_000_000]);
  assert.equal([checkpoint.interval, checkpoint.bytes], [60_000, 1_500]);
  assert.equal([limits.queueBytes, limits.deliveryBytes], [3_000, 7_000_000]);
  assert.is(models.users?.keyChangeTimeout, 3_600_000);
});

s.run();
