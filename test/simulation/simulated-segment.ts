import type { SegmentResponse } from "../../src/deliver/destination.ts";
import type { FaultInjector } from "./fault-injector.ts";

/** Segment rejects every message with this email. */
export const REJECTED_EMAIL = "rejected-email";

type Failure = "429" | "5xx" | "reset" | "unacknowledged" | "timeout" | "late";

const TIMEOUT_MS = 10_000;

/** Segment: accepted messages by id, in the order of arrival. Requests in flight continue after their sender is killed. */
export class SimulatedSegment {
  readonly accepted = new Map<string, string>();
  /** Messages that arrived again with the same id and another content. */
  readonly contradictions: string[] = [];
  readonly #injector: FaultInjector;

  constructor(injector: FaultInjector) {
    this.#injector = injector;
  }

  async send(texts: readonly string[]): Promise<SegmentResponse> {
    const { clock, random } = this.#injector;
    await this.#travel();
    if (texts.some((text) => text.includes(REJECTED_EMAIL)))
      return { status: 400, body: "rejected-email" };
    if (!this.#injector.fails("segment")) {
      this.#accept(texts);
      await this.#travel();
      return { status: 200, body: '{"success":true}' };
    }
    const failures: readonly Failure[] = [
      "429",
      "5xx",
      "reset",
      "unacknowledged",
      "timeout",
      "late",
    ];
    switch (random.pick(failures)) {
      case "429":
        return { status: 429, body: "", retryAfter: random.chance(0.5) ? "2" : undefined };
      case "5xx":
        return { status: random.pick([500, 502, 503, 408]), body: "" };
      case "reset":
        return { failure: "ECONNRESET: before it was received" };
      case "unacknowledged":
        this.#accept(texts);
        return { failure: "ECONNRESET: after it was accepted" };
      case "timeout":
        await clock.sleep(TIMEOUT_MS);
        return { failure: "ETIMEDOUT" };
      case "late":
        void clock.sleep(random.between(1, 2 * TIMEOUT_MS)).then(() => this.#accept(texts));
        await clock.sleep(TIMEOUT_MS);
        return { failure: "ETIMEDOUT" };
    }
  }

  async #travel(): Promise<void> {
    const ms = this.#injector.delay_ms();
    if (ms > 0) await this.#injector.clock.sleep(ms);
  }

  #accept(texts: readonly string[]): void {
    for (const text of texts) {
      const { messageId } = JSON.parse(text) as { messageId: string };
      const before = this.accepted.get(messageId);
      if (before === undefined) this.accepted.set(messageId, text);
      else if (before !== text) this.contradictions.push(`${before} and ${text}`);
    }
  }
}
