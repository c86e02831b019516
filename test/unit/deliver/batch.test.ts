import { suite } from "uvu";
import * as assert from "uvu/assert";
import { batchSize, LIMITS } from "../../../src/deliver/batch.ts";

const s = suite("deliver: batch size");

const SEGMENT = { batch_bytes: 500_000, batch_messages: 2_500, message_bytes: 32_000 };
const of = (count: number, bytes: number) => Array.from({ length: count }, () => ({ bytes }));

s("should be below Segment's limits", () => {
  assert.ok(LIMITS.batch_bytes <= SEGMENT.batch_bytes * 0.99);
  assert.ok(LIMITS.batch_messages <= SEGMENT.batch_messages);
  assert.ok(LIMITS.message_bytes < SEGMENT.message_bytes);
});

const CASES: readonly (readonly [title: string, messages: { bytes: number }[], size: number])[] = [
  ["nothing", [], 0],
  ["few messages as one batch", of(3, 100), 3],
  ["2,500 messages", of(2_500, 10), 2_500],
  ["at most 2,500 messages", of(2_501, 10), 2_500],
  // 16 messages of 30,000 bytes with their commas are 480,016.
  ["at most the limit of bytes, commas included", of(17, 30_000), 15],
  ["exactly the limit", of(20, 29_999), 16],
  ["one message alone, however large", of(2, 1_000_000), 1],
];

for (const [title, messages, size] of CASES) {
  s(`should take ${title}`, () => assert.is(batchSize(messages), size));
}

s.run();
