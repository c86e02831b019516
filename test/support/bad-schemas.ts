import type { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Row } from "../../src/data/row.ts";
import { Decoder } from "../../src/decode/decoder.ts";
import { type CdcError, messageWithDetails } from "../../src/lib/errors.ts";
import { recordOf } from "./debezium.ts";
import { FakeRegistry, type Registered, wire } from "./fake-registry.ts";

/** Also on a slow machine. Without limits such input took minutes or all memory. */
const SOON_MS = 60_000;

/** A record that is rejected: the schema of its value, its bytes, and the reason. */
export type Rejected = readonly [
  title: string,
  schema: Registered,
  payload: Iterable<number>,
  code: string,
  reason: RegExp,
];

export function reject(s: ReturnType<typeof suite>, cases: readonly Rejected[]): void {
  for (const [title, schema, payload, code, reason] of cases) {
    s(`should reject ${title} within the time, after one request`, async () => {
      const error: CdcError = await rowWith(schema, payload).then(
        (row) => assert.unreachable(`it was read as ${JSON.stringify(row)}`),
        (error) => error,
      );
      assert.is(error.code, code, error.stack);
      assert.match(messageWithDetails(error), reason);
    });
  }
}

/** The row of a value with this schema. The schema is requested once, and decoding has a time limit. */
export async function rowWith(schema: Registered, payload: Iterable<number>): Promise<Row | null> {
  const registry = await FakeRegistry.open(new Map([[5, schema]]));
  const client = registry.client();
  const record = recordOf({ value: wire(5, payload) });
  const format = { topic: "t", key: null, columns: new Map(), unavailableValue: "~" };
  const started = performance.now();
  try {
    await client.prepare([record]);
    const event = new Decoder({ ...format, expressionColumns: [] }, client).decode(record);
    return event.kind === "row" ? event.row : null;
  } finally {
    assert.ok(performance.now() - started < SOON_MS, "it took too long");
    assert.equal(registry.asked, [5]);
    await registry.close();
  }
}

/** A number as Avro and Protobuf's message indexes write it. */
export function zigzag(value: number): number[] {
  return varint(value < 0 ? -2 * value - 1 : 2 * value);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
