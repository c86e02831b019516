import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  asLine,
  asRecord,
  type DeadLetter,
  JournaledDeadLetters,
} from "../../../src/dlq/dead-letters.ts";
import type { Journal, JournalEntry } from "../../../src/journal/journal.ts";
import { CdcError } from "../../../src/lib/errors.ts";
import { noopLogger } from "../../../src/lib/logger.ts";
import { recordOf, TOPIC } from "../../support/debezium.ts";
import { flush, VirtualClock } from "../../support/virtual-clock.ts";

const s = suite("deliver: dead letters");

const deadLetterOf = (over: Partial<DeadLetter> = {}): DeadLetter => ({
  record: recordOf({
    value: "{oops",
    offset: 42,
    partition: 3,
    headers: { trace: Buffer.from("t-1"), none: undefined },
    timestamp: 1_700_000_000_123,
  }),
  error: new CdcError("INVALID_JSON", "the value is not JSON: {oops"),
  ...over,
});

s("should keep the record's own bytes and headers, its reason and its coordinates", () => {
  const { key, value, headers } = asRecord(deadLetterOf({ by: "traits", message: '{"a":1}' }));
  assert.is(key?.toString(), '{"id":1}');
  assert.is(value?.toString(), "{oops");
  assert.equal(headers, {
    trace: Buffer.from("t-1"),
    "cdc-to-segment.code": "INVALID_JSON",
    "cdc-to-segment.reason": "the value is not JSON: {oops",
    "cdc-to-segment.topic": TOPIC,
    "cdc-to-segment.partition": "3",
    "cdc-to-segment.offset": "42",
    "cdc-to-segment.timestamp": "1700000000123",
    "cdc-to-segment.by": "traits",
    "cdc-to-segment.message": '{"a":1}',
  });
});

s("should leave out a value that its topic would not take, and say so", () => {
  const value = Buffer.alloc(7_000_001, "x");
  const entry = asRecord(deadLetterOf({ record: recordOf({ value }) }));
  assert.is(entry.value, null);
  assert.match(String(entry.headers["cdc-to-segment.left-out"]), /7000001 bytes/);
  assert.is(entry.headers["cdc-to-segment.offset"], "0");
});

s("should keep a record without key or value as such", () => {
  const { key, value } = asRecord(deadLetterOf({ record: recordOf({ key: null, value: null }) }));
  assert.equal([key, value], [null, null]);
});

const line = (deadLetter: DeadLetter) => JSON.parse(asLine(deadLetter).value?.toString() ?? "");

s(
  "should write a line in the recorded form, which replay reads again, with the reason beside it",
  () => {
    assert.equal(line(deadLetterOf({ by: "traits", message: '{"a":1}' })), {
      reason: { code: "INVALID_JSON", text: "the value is not JSON: {oops", by: "traits" },
      topic: TOPIC,
      partition: 3,
      offset: 42,
      ts: 1_700_000_000_123,
      headers: ["trace", "t-1", "none", null],
      key: '{"id":1}',
      payload: "{oops",
      message: { a: 1 },
    });
  },
);

s("should write bytes that are no text as base64", () => {
  const value = Buffer.from([0, 0, 0, 0, 7, 0xff]);
  const written = line(deadLetterOf({ record: recordOf({ key: value, value }) }));
  assert.equal(
    [written.key, written.key_base64, written.payload, written.payload_base64],
    [undefined, "AAAAAAf/", undefined, "AAAAAAf/"],
  );
});

s("should write no key and no value as null", () => {
  const written = line(deadLetterOf({ record: recordOf({ key: null, value: null }) }));
  assert.equal([written.key, written.payload], [null, null]);
});

/** Dead letters over a journal that fails a given number of times. */
function logged(...failures: readonly unknown[]) {
  const left = [...failures];
  const appended: (readonly JournalEntry[])[] = [];
  const log: Journal = {
    append: async (entries) => {
      if (left.length > 0) throw left.shift();
      appended.push(entries);
    },
    close: async () => {},
  };
  const clock = new VirtualClock();
  const stop = new AbortController();
  const deadLetters = new JournaledDeadLetters(log, asRecord, clock, noopLogger);
  return { deadLetters, appended, clock, stop };
}

s("should append all dead letters at once, and nothing if there are none", async () => {
  const { deadLetters, appended } = logged();
  await deadLetters.append([]);
  await deadLetters.append([deadLetterOf(), deadLetterOf()]);
  assert.equal(
    appended.map(({ length }) => length),
    [2],
  );
});

s("should try again after a back-off until they are durable", async () => {
  const { deadLetters, appended, clock } = logged(new Error("away"), new Error("away"));
  let done = false;
  const append = deadLetters.append([deadLetterOf()]).then(() => {
    done = true;
  });
  await flush();
  assert.not(done);
  await clock.advance(60_000);
  await append;
  assert.is(appended.length, 1);
});

s("should not try again what can never succeed", async () => {
  const { deadLetters } = logged(new CdcError("ENTRY_TOO_LARGE", "no such topic"));
  let failure: unknown;
  await deadLetters.append([deadLetterOf()]).catch((error) => {
    failure = error;
  });
  assert.is((failure as CdcError).code, "ENTRY_TOO_LARGE");
});

s("should give up when the pipeline stops", async () => {
  const { deadLetters, stop } = logged(...Array.from({ length: 99 }, () => new Error("away")));
  let failed = false;
  const append = deadLetters.append([deadLetterOf()], stop.signal).catch(() => {
    failed = true;
  });
  await flush();
  assert.not(failed);
  stop.abort();
  await append;
  assert.ok(failed);
});

s.run();
