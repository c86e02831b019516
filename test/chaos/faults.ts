import type { Fault } from "../../src/cli/demo/mock-segment.ts";
import { shuffled } from "./script.ts";
import { REQUEST_TIMEOUT_MS } from "./settings.ts";

/** Of each hundred requests, so many get this response; the others are accepted after up to 82 ms. */
const PARTS: readonly (readonly [count: number, response: Fault])[] = [
  [5, { status: 503 }],
  [2, { status: 429, headers: { "retry-after": "0" } }],
  [1, { status: 429, headers: { "retry-after": "1" } }],
  [4, "reset"],
  // Accepted, but the sender does not receive the response.
  [4, "half"],
  [1, "hang"],
  // Accepted after the sender has timed out and sent it again.
  [1, { status: 200, delay_ms: REQUEST_TIMEOUT_MS * 1.5 }],
];

const CYCLE = 100;

/**
 * How the mock Segment server responds during the test. The responses of each hundred requests are a shuffled list, not
 * drawn one by one: every run of a hundred requests has each of them, so some messages arrive twice in every run.
 */
export function faults(random: () => number): () => Fault {
  const listed = PARTS.flatMap(([count, response]) => Array<Fault>(count).fill(response));
  let cycle: Fault[] = [];
  return () => {
    if (cycle.length === 0) {
      const accepted = Array.from(
        { length: CYCLE - listed.length },
        (_, ms): Fault => ({ status: 200, delay_ms: ms }),
      );
      cycle = shuffled([...listed, ...accepted], random);
    }
    return cycle.pop() as Fault;
  };
}
