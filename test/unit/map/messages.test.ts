import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SyncOptions } from "../../../src/map/sync.ts";
import { added, COMMITTED, changed, mapped, removed } from "../../support/sync.ts";

const s = suite("map: the messages of a change");

const A = { id: 1, email: "a" };
const B = { id: 1, email: "b" };
const MOVED = { id: 2, email: "b" };

type Type = SyncOptions["type"];
type Sent = readonly [event: string, userId: string, email: string];
type Case = readonly [
  title: string,
  type: Type,
  change: Parameters<typeof mapped>[1],
  sent: readonly Sent[],
];

const TABLE: readonly Case[] = [
  ["added", "identify", added(A), [["identify", "1", "a"]]],
  ["changed", "identify", changed(A, B), [["identify", "1", "b"]]],
  ["a change of the user", "identify", changed(A, MOVED), [["identify", "2", "b"]]],
  ["removed", "identify", removed(A), []],
  ["added", "track", added(A), [["Added", "1", "a"]]],
  ["changed", "track", changed(A, B), [["Changed", "1", "b"]]],
  ["a change of the user", "track", changed(A, MOVED), [["Changed", "2", "b"]]],
  ["a delete", "track", removed(A), [["Removed", "1", "a"]]],
  ["a row that left the filter", "track", removed(A, B), [["Removed", "1", "a"]]],
  ["added", "track-entered-exited", added(A), [["Segment Entered", "1", "a"]]],
  ["changed", "track-entered-exited", changed(A, B), []],
  [
    "a change of the user",
    "track-entered-exited",
    changed(A, MOVED),
    [
      ["Segment Exited", "1", "a"],
      ["Segment Entered", "2", "b"],
    ],
  ],
  ["a delete", "track-entered-exited", removed(A), [["Segment Exited", "1", "a"]]],
  [
    "a row that left the filter",
    "track-entered-exited",
    removed(A, B),
    [["Segment Exited", "1", "a"]],
  ],
];

for (const [title, type, change, sent] of TABLE) {
  const what = sent.map(([event]) => event).join(" and ") || "nothing";
  s(`should send ${what} for ${title} in a sync of type ${type}`, () => {
    const { messages } = mapped({ type, fields: ["email"] }, change);
    assert.equal(
      messages.map(({ event, type: call, userId, traits, properties }) => [
        event ?? call,
        userId,
        (traits ?? properties)?.email,
      ]),
      sent,
    );
    assert.is(new Set(messages.map(({ messageId }) => messageId)).size, messages.length);
  });
}

s("should send no kind that has no event name", () => {
  const events = { removed: "Gone" };
  assert.equal(mapped({ events }, added(A)).messages, []);
  assert.equal(mapped({ events }, changed(A, B)).messages, []);
  assert.is(mapped({ events }, removed(A)).messages[0]?.event, "Gone");
});

s("should put exactly Segment's own fields into a message, and no sentAt", () => {
  const [track] = mapped({ fields: ["email"], anonymousId: "email" }, added(A)).messages;
  assert.equal(Object.keys(track ?? {}).sort(), [
    "anonymousId",
    "event",
    "messageId",
    "properties",
    "timestamp",
    "type",
    "userId",
  ]);
  const [identify] = mapped({ type: "identify", fields: ["email"] }, added(A)).messages;
  assert.equal(Object.keys(identify ?? {}).sort(), [
    "messageId",
    "timestamp",
    "traits",
    "type",
    "userId",
  ]);
});

s("should take the commit time where no timestamp column is named, or the row has none", () => {
  const time = (row: object, timestamp?: string) =>
    mapped({ timestamp }, added({ ...A, ...row })).messages[0]?.timestamp;
  assert.is(time({}), COMMITTED);
  assert.is(time({}, "due"), COMMITTED);
  assert.is(time({ due: null }, "due"), COMMITTED);
  assert.is(time({ due: "2020-05-05" }, "due"), "2020-05-05T00:00:00.000Z");
});

s(
  "should take the commit time for a delete, and the row's own for one that left the filter",
  () => {
    const [then, now] = [
      { ...A, due: "2020-01-01" },
      { ...B, due: "2020-05-05" },
    ];
    const time = (change: Parameters<typeof mapped>[1]) =>
      mapped({ timestamp: "due" }, change).messages[0]?.timestamp;
    assert.is(time(removed(then)), COMMITTED);
    assert.is(time(removed(then, now)), "2020-05-05T00:00:00.000Z");
    assert.is(time(changed(then, now)), "2020-05-05T00:00:00.000Z");
  },
);

s("should refuse a change whose timestamp cannot be read", () => {
  assert.throws(
    () => mapped({ timestamp: "email" }, added(A)),
    (error: { code: string }) => error.code === "UNREADABLE_TIMESTAMP",
  );
});

s.run();
