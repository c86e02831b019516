import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { idNamespace, type MessageIdInput, messageId } from "../../../src/map/message-id.ts";

const s = suite("map: derived message ids, the same in every release");

const CAUSE: MessageIdInput = {
  sync: "lifecycle",
  table: "public.users",
  key: '["org1",7]',
  kind: "added",
  topic: "app.public.users",
  changeId: "postgresql|00000000000000001000",
};
const SPACE = idNamespace("acme-crm", "write-key");

/** The recipe in words of its own: SHA-256 of the parts by line, the key last, the write key hashed itself. */
function recipe(pipeline: string, writeKey: string, cause: MessageIdInput): string {
  const sha256 = (text: string) => createHash("sha256").update(text).digest("base64url");
  const { sync, table, kind, topic, changeId, key } = cause;
  return sha256([pipeline, sha256(writeKey), sync, table, kind, topic, changeId, key].join("\n"));
}

// Computed once with `printf '…' | openssl dgst -sha256 -binary | basenc --base64url`. A change of any of these makes
// Segment take every event again that a replay or a redelivery repeats: never change them.
const GOLDEN: readonly (readonly [change: Partial<MessageIdInput>, id: string])[] = [
  [{}, "gVWbhuQFgZ8NJw8-zlpEDEHQcGasQyH25vdZ2Z88MW0"],
  [{ kind: "identify" }, "pr-4dQBPXt18n-P-sYg1EL1m8pgnaQPPt3sZ3qffFbY"],
  [{ kind: "exited", changeId: "3/42" }, "Oki_BpaORITc2ujeKSnv1-tH4wAotJl8LygJokeX0AQ"],
  [{ key: "[9007199254740993]" }, "YlO2ThNfO3v3UqxchAdbIPfkXdfAdD1SbdErS7SKBLM"],
  [{ key: '["é"]', sync: "größe" }, "rmYoFrmFyxa_-s2ItTNcjep8N1zbZvyFwHf7LwlS4ws"],
];

for (const [change, id] of GOLDEN) {
  s(`should be ${id} for ${JSON.stringify(change)}`, () => {
    assert.is(messageId(SPACE, { ...CAUSE, ...change }), id);
    assert.is(recipe("acme-crm", "write-key", { ...CAUSE, ...change }), id);
  });
}

const OTHERS: readonly (readonly [what: string, id: string])[] = [
  ["pipeline", messageId(idNamespace("acme", "write-key"), CAUSE)],
  ["write key", messageId(idNamespace("acme-crm", "another"), CAUSE)],
  ["sync", messageId(SPACE, { ...CAUSE, sync: "paying" })],
  ["table", messageId(SPACE, { ...CAUSE, table: "public.people" })],
  ["key", messageId(SPACE, { ...CAUSE, key: '["org1",8]' })],
  ["kind", messageId(SPACE, { ...CAUSE, kind: "changed" })],
  ["topic", messageId(SPACE, { ...CAUSE, topic: "b.public.users" })],
  ["place", messageId(SPACE, { ...CAUSE, changeId: "0/1" })],
  [
    "parts shifted from one to the next",
    messageId(SPACE, { ...CAUSE, sync: "lifecyclepublic", table: ".users" }),
  ],
];

for (const [what, id] of OTHERS) {
  s(`should differ with the ${what}`, () => assert.is.not(id, messageId(SPACE, CAUSE)));
}

s("should be at most 99 characters whatever it is made from, and not hold the write key", () => {
  const long = "x".repeat(5_000);
  const id = messageId(idNamespace(long, long), { ...CAUSE, key: `["${long}"]` });
  assert.ok(id.length <= 99);
  assert.not.match(SPACE, /write-key/);
});

s.run();
