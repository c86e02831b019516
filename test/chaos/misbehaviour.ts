import type { Misbehaviour } from "../../src/cli/demo/mock-segment.ts";
import { REQUEST_TIMEOUT_MS } from "./settings.ts";

/** Out of a hundred requests; all others are taken, some of them after a while. */
const PARTS: readonly (readonly [number, Misbehaviour])[] = [
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

/** How the mock Segment server responds during the test. */
export function misbehaviour(random: () => number): () => Misbehaviour {
  return () => {
    let left = random() * 100;
    for (const [part, what] of PARTS) {
      if (left < part) return what;
      left -= part;
    }
    return { status: 200, delay_ms: left };
  };
}
