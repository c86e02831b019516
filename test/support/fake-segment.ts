import type { Destination, SegmentResponse } from "../../src/deliver/destination.ts";
import type { SegmentMessage } from "../../src/map/sync.ts";

export const OK: SegmentResponse = { status: 200, body: '{"success":true}' };

/** Segment as a destination: records requests, responds as configured, and can delay a response. */
export class FakeSegment implements Destination {
  /** Every request, with any response. */
  readonly requests: (readonly SegmentMessage[])[] = [];
  /** Messages accepted with 2xx, in the order of the responses. */
  readonly taken: SegmentMessage[] = [];
  /** The response to the nth request, from 0. */
  response: (messages: readonly SegmentMessage[], request: number) => SegmentResponse = () => OK;
  inFlight = 0;
  mostInFlight = 0;
  #held: Promise<void> | null = null;

  async send(texts: readonly string[], signal: AbortSignal): Promise<SegmentResponse> {
    const messages = texts.map((text) => JSON.parse(text) as SegmentMessage);
    const request = this.requests.push(messages) - 1;
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    await Promise.race([this.#held ?? Promise.resolve(), aborted(signal)]);
    this.inFlight -= 1;
    if (signal.aborted) return { failure: "aborted" };
    const response = this.response(messages, request);
    if ("status" in response && response.status >= 200 && response.status < 300)
      this.taken.push(...messages);
    return response;
  }

  /** Responses wait until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = null;
      resolve();
    };
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
