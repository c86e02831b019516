import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TracedMessage } from "../../../src/deliver/message-origin.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { RecentMessages } from "../../../src/status/recent-messages.ts";

const s = suite("telemetry: the latest messages");

const KEPT = 100;
const LOOKED_AT = 20;
const NOW = 1_700_000_010_000;
const counts = new Counters().sync("life");

/** A message about the user `n`, whose `plan` changed. */
function message(n: number, asked: number[] = [], sync = "life"): TracedMessage {
  const about = { type: "track", event: "Changed", userId: `u${n}`, messageId: `m${n}` };
  const text = JSON.stringify({ ...about, timestamp: "2023-11-14T22:13:20.000Z" });
  const columns = () => {
    asked.push(n);
    return ["plan"];
  };
  return {
    text,
    record: { topic: "users", partition: 1, offset: n },
    origin: { sync, counts, kind: "changed", key: `[${n}]`, time: NOW - 2_500, columns },
  };
}

s("should say of each who, what, why, whence and with which answer", () => {
  const recent = new RecentMessages();
  const batch = [message(7)];
  recent.pushed(batch);
  recent.delivered(batch, NOW, "HTTP 200");
  assert.equal(JSON.parse(JSON.stringify(recent.list({}))), [
    {
      ...{ sync: "life", type: "track", event: "Changed", userId: "u7", messageId: "m7" },
      timestamp: "2023-11-14T22:13:20.000Z",
      why: { kind: "changed", columns: ["plan"] },
      from: { topic: "users", partition: 1, offset: 7, key: "[7]" },
      sentAt: "2023-11-14T22:13:30.000Z",
      delay_s: 2.5,
      response: "HTTP 200",
    },
  ]);
});

s("should look at the last of many alone, and forget the rows of the others", () => {
  const recent = new RecentMessages();
  const asked: number[] = [];
  const batch = Array.from({ length: 2_500 }, (_, n) => message(n, asked));
  recent.pushed(batch);
  assert.is(asked.length, LOOKED_AT, "columns are compared for the last alone");
  assert.is(Math.min(...asked), 2_500 - LOOKED_AT);
  assert.is(batch.filter(({ origin }) => origin?.columns !== null).length, LOOKED_AT);
  recent.delivered(batch, NOW, "HTTP 200");
  assert.is(asked.length, LOOKED_AT, "and only once");
  const list = recent.list({});
  assert.equal([list.length, list[0]?.userId], [LOOKED_AT, "u2499"]);
});

s("should keep as many of each sync, the newest first", () => {
  const recent = new RecentMessages();
  recent.delivered([message(1, [], "quiet")], NOW - 1_000, "HTTP 200");
  for (let n = 0; n < 300; n += 1) recent.delivered([message(n)], NOW, "HTTP 200");
  assert.is(recent.list({}).length, KEPT + 1);
  assert.is(recent.list({ sync: "quiet" })[0]?.userId, "u1");
  assert.is(recent.list({ sync: "life" })[0]?.userId, "u299");
});

s("should be narrowed down to a user or a key, and to both", () => {
  const recent = new RecentMessages();
  recent.delivered([message(1), message(2)], NOW, "HTTP 200");
  const users = (filter: Parameters<RecentMessages["list"]>[0]) =>
    recent.list(filter).map(({ userId }) => userId);
  assert.equal(users({ user: "u2" }), ["u2"]);
  assert.equal(users({ key: "[1]" }), ["u1"]);
  assert.equal(users({ key: "1" }), ["u1"]);
  assert.equal(users({ key: "1", user: "u2" }), []);
  assert.equal(users({ sync: "other" }), []);
});

s("should pass over what is sent as it stood in a dead letter", () => {
  const recent = new RecentMessages();
  const { text, record } = message(1);
  recent.pushed([{ text, record }]);
  recent.delivered([{ text, record }], NOW, "HTTP 200");
  assert.equal(recent.list({}), []);
});

s.run();
