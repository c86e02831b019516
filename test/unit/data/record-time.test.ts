import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseRecordedLine } from "../../../src/data/recorded-line.ts";
import { recordOf } from "../../../src/kafka/kafka-record.ts";

const s = suite("a record's own time");

const TIMES: readonly (readonly [time: string, expected: number])[] = [
  ["1700000000000", 1_700_000_000_000],
  ["-1", 0],
  ["9223372036854775807", 0],
  ["8640000000000001", 0],
];

for (const [time, expected] of TIMES) {
  s(`should be ${expected} where Kafka or a recorded line says ${time}`, () => {
    const message = {
      key: null,
      value: null,
      timestamp: time,
      offset: "0",
      attributes: 0,
      headers: {},
    };
    const record = recordOf({ topic: "t", partition: 0 }, message);
    assert.is(record.timestamp, expected);
    const line = `{"topic":"t","partition":0,"offset":0,"ts":${time},"payload":null}`;
    assert.is(parseRecordedLine(Buffer.from(line), 1).timestamp, expected);
  });
}

s.run();
