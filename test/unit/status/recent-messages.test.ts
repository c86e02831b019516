import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TracedMessage } from "../../../src/deliver/message-origin.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { RecentMessages } from "../../../src/status/recent-messages.ts";

const s = suite("status: the latest messages");

const MAX_MESSAGES = 100;
const MAX_PER_BATCH = 20;
const NOW = 1_700_000_010_000;
const counts = new Counters().sync("lifecycle");

/** A message about the user `n`, whose `plan` changed. */
function message(n: number, sync = "lifecycle"): TracedMessage {
  const about = { type: "track", event: "Changed", userId: `u${n}`, messageId: `m${n}` };
  const text = JSON.stringify({ ...about, timestamp: "2023-11-14T22:13:20.000Z" });
  const why = { reason: "changed", changedColumns: ["plan"] } as const;
  return {
    text,
    record: { topic: "users", partition: 1, offset: n },
    origin: { sync, counts, ...why, key: `[${n}]`, time: NOW - 2_500 },
  };
}

s("should list user, event, change, source record and response of each message", () => {
  const recent = new RecentMessages();
  recent.add([message(7)], NOW, "HTTP 200");
  assert.equal(JSON.parse(JSON.stringify(recent.list({}))), [
    {
      ...{ sync: "lifecycle", type: "track", event: "Changed", userId: "u7", messageId: "m7" },
      timestamp: "2023-11-14T22:13:20.000Z",
      change: { kind: "changed", columns: ["plan"] },
      record: { topic: "users", partition: 1, offset: 7, key: "[7]" },
      deliveryTime: "2023-11-14T22:13:30.000Z",
      delay_s: 2.5,
      response: "HTTP 200",
    },
  ]);
});

s("should retain the last 20 messages of a batch per sync", () => {
  const recent = new RecentMessages();
  const batch = Array.from({ length: 2_500 }, (_, n) => message(n));
  recent.add([message(1, "other"), ...batch], NOW, "HTTP 200");
  const users = recent.list({ sync: "lifecycle" }).map(({ userId }) => userId);
  assert.equal([users.length, users[0], users.at(-1)], [MAX_PER_BATCH, "u2499", "u2480"]);
  assert.is(recent.list({ sync: "other" }).length, 1);
});

s("should retain the latest 100 messages of each sync, newest first", () => {
  const recent = new RecentMessages();
  recent.add([message(1, "quiet")], NOW - 1_000, "HTTP 200");
  for (let n = 0; n < 300; n += 1) recent.add([message(n)], NOW, "HTTP 200");
  assert.is(recent.list({}).length, MAX_MESSAGES + 1);
  assert.is(recent.list({ sync: "quiet" })[0]?.userId, "u1");
  assert.is(recent.list({ sync: "lifecycle" })[0]?.userId, "u299");
});

s("should filter by user, by key, and by both", () => {
  const recent = new RecentMessages();
  recent.add([message(1), message(2)], NOW, "HTTP 200");
  const users = (filter: Parameters<RecentMessages["list"]>[0]) =>
    recent.list(filter).map(({ userId }) => userId);
  assert.equal(users({ user: "u2" }), ["u2"]);
  assert.equal(users({ key: "[1]" }), ["u1"]);
  assert.equal(users({ key: "1" }), ["u1"]);
  assert.equal(users({ key: "1", user: "u2" }), []);
  assert.equal(users({ sync: "other" }), []);
});

s("should leave out redriven messages, which have no origin", () => {
  const recent = new RecentMessages();
  const { text, record } = message(1);
  recent.add([{ text, record }], NOW, "HTTP 200");
  assert.equal(recent.list({}), []);
});

s.run();
