import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Real, real } from "../../../../src/data/row.ts";
import { decimal } from "../../../../src/decode/value/decimal.ts";

const decimals = suite("decode: decimals of bytes");

/** Two's complement, big-endian, with the fewest bytes, as Java's BigInteger writes it. */
function base64Of(unscaled: bigint): string {
  let bytes = 1;
  while (BigInt.asIntN(bytes * 8, unscaled) !== unscaled) bytes += 1;
  const hex = BigInt.asUintN(bytes * 8, unscaled)
    .toString(16)
    .padStart(bytes * 2, "0");
  return Buffer.from(hex, "hex").toString("base64");
}

const unscaledNumber = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }),
  fc.bigInt({ min: -1_000_000n, max: 1_000_000n }),
  // Around the longest of the fast path.
  fc.bigInt({ min: 2n ** 47n - 9n, max: 2n ** 47n + 9n }),
);

decimals("should be what their digits are as text, whichever way they go", () => {
  fc.assert(
    fc.property(unscaledNumber, fc.integer({ min: 0, max: 12 }), (unscaled, scale) => {
      const found = decimal(base64Of(unscaled), scale);
      assert.equal(found, real(`${unscaled}e-${scale}`));
    }),
    { numRuns: 5_000 },
  );
});

decimals("should have whole amounts as decimals, not as integers", () => {
  assert.equal(decimal(base64Of(1_200n), 2), new Real("12"));
  assert.equal(decimal(base64Of(0n), 2), new Real("0"));
  assert.is(decimal(base64Of(-1_250n), 2), -12.5);
});

decimals.run();
