import { suite } from "uvu";
import * as assert from "uvu/assert";
import { asLine, asRecord, type DeadLetter } from "../../../src/dlq/dead-letters.ts";
import { deadLetterOfLine, deadLetterOfRecord } from "../../../src/dlq/parse-dead-letter.ts";
import { CdcError, messageWithDetails } from "../../../src/lib/errors.ts";
import { recordOf } from "../../support/debezium.ts";

const s = suite("deliver: dead letters read again");

const record = recordOf({
  key: { id: 7 },
  value: Buffer.from([0, 0, 0, 0, 7, 255]),
  partition: 3,
  offset: 42,
  headers: { trace: Buffer.from("t-1") },
  timestamp: 1_700_000_000_123,
});
const CASES: readonly (readonly [string, Partial<DeadLetter>])[] = [
  ["a record", {}],
  ["a record before its partition's first change", { isInitial: true }],
  ["a tombstone without a key", { record: { ...record, key: null, value: null } }],
  ["a message", { message: '{"userId":"ü","traits":{"a":[1,null]}}' }],
  ["a change", { by: "life", change: '{"kind":"added"}' }],
];

for (const [title, more] of CASES) {
  const error = new CdcError("FILTER_FAILED", "`where` fails", { details: "é" });
  const deadLetter: DeadLetter = { record, error, ...more };
  const parts = ({
    record: of,
    error: why,
    reason,
    by,
    message,
    change,
    isInitial,
  }: DeadLetter) => ({
    by,
    message,
    change,
    isInitial: isInitial ?? false,
    code: why.code,
    reason: reason ?? messageWithDetails(why),
    coordinates: [of.topic, of.partition, of.offset, of.timestamp],
    key: of.key?.toString(),
    value: of.value?.toString("hex"),
    headers: Object.entries(of.headers).map(([name, held]) => [name, held?.toString()]),
  });

  s(`should be as it was written, in a topic: ${title}`, () => {
    const { key, value, headers } = asRecord(deadLetter);
    const record = recordOf({ topic: "shop.dead-letters", offset: 1 });
    const read = deadLetterOfRecord({ ...record, key, value, headers });
    assert.equal(read && parts(read), parts(deadLetter));
  });

  s(`should be as it was written, in a file: ${title}`, () => {
    const line = asLine(deadLetter).value as Buffer;
    assert.equal(parts(deadLetterOfLine(line, 1)), parts(deadLetter));
  });
}

s("should take a record of something else for no dead letter", () => {
  assert.is(deadLetterOfRecord(record), null);
  const headers = { "cdc-to-segment.topic": "t", "cdc-to-segment.partition": "x" };
  assert.is(deadLetterOfRecord({ ...record, headers }), null);
});

s("should send a recorded line without a reason to `replay`", () => {
  const line = Buffer.from('{"topic":"t","partition":0,"offset":1,"key":null,"payload":"{}"}');
  assert.throws(
    () => deadLetterOfLine(line, 5),
    (error: CdcError) => error.code === "UNREADABLE_LINE" && /line 5 .*replay/.test(error.message),
  );
});

s("should keep the code of another version in words", () => {
  const { key, value, headers } = asRecord({ record, error: new CdcError("INVALID_JSON", "why") });
  const read = deadLetterOfRecord({
    ...record,
    key,
    value,
    headers: { ...headers, "cdc-to-segment.code": "FROM_LATER" },
  });
  assert.is(read?.reason, "FROM_LATER: why");
  assert.is(read?.error.consequence, "dead-letter");
});

s.run();
