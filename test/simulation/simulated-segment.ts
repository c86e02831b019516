import type { SegmentResponse } from "../../src/deliver/destination.ts";
import type { Weather } from "./weather.ts";

/** An email that Segment refuses, whoever sends it. */
export const POISON = "poison";

type Fate = "429" | "5xx" | "reset" | "unacknowledged" | "timeout" | "late";

const TIMEOUT_MS = 10_000;

/** Segment: every id it took, with the message, in the order of first arrivals. What is on its way outlives its sender. */
export class SimulatedSegment {
  readonly taken = new Map<string, string>();
  /** Messages that came more than once, and as another one. */
  readonly contradictions: string[] = [];
  readonly #weather: Weather;

  constructor(weather: Weather) {
    this.#weather = weather;
  }

  async send(texts: readonly string[]): Promise<SegmentResponse> {
    const { clock, dice } = this.#weather;
    await this.#travel();
    if (texts.some((text) => text.includes(POISON))) return { status: 400, body: "poison" };
    if (!this.#weather.fails("segment")) {
      this.#take(texts);
      await this.#travel();
      return { status: 200, body: '{"success":true}' };
    }
    const fates: readonly Fate[] = ["429", "5xx", "reset", "unacknowledged", "timeout", "late"];
    switch (dice.pick(fates)) {
      case "429":
        return { status: 429, body: "", retryAfter: dice.chance(0.5) ? "2" : undefined };
      case "5xx":
        return { status: dice.pick([500, 502, 503, 408]), body: "" };
      case "reset":
        return { failure: "ECONNRESET: before it was read" };
      case "unacknowledged":
        this.#take(texts);
        return { failure: "ECONNRESET: after it was taken" };
      case "timeout":
        await clock.sleep(TIMEOUT_MS);
        return { failure: "ETIMEDOUT" };
      case "late":
        void clock.sleep(dice.between(1, 2 * TIMEOUT_MS)).then(() => this.#take(texts));
        await clock.sleep(TIMEOUT_MS);
        return { failure: "ETIMEDOUT" };
    }
  }

  async #travel(): Promise<void> {
    const ms = this.#weather.delay_ms();
    if (ms > 0) await this.#weather.clock.sleep(ms);
  }

  #take(texts: readonly string[]): void {
    for (const text of texts) {
      const { messageId } = JSON.parse(text) as { messageId: string };
      const before = this.taken.get(messageId);
      if (before === undefined) this.taken.set(messageId, text);
      else if (before !== text) this.contradictions.push(`${before} and ${text}`);
    }
  }
}
