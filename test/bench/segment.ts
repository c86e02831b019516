import type { StallDetector } from "../stack/watchdog.ts";
import { Child } from "./child.ts";

const PROGRAM = new URL("segment-process.ts", import.meta.url).pathname;

/** The counting mock Segment server, as the benchmark sees it. */
export class Segment {
  readonly url: string;
  /** Messages that arrived so far. */
  count = 0;
  readonly #watchers = new Set<() => void>();

  private constructor(url: string) {
    this.url = url;
  }

  static async start(watchdog: StallDetector): Promise<Segment> {
    const child = new Child(watchdog, [PROGRAM]);
    const started = Promise.withResolvers<Segment>();
    child.failure().catch(started.reject);
    child.onMessage((message) => {
      if (typeof message.url === "string") started.resolve(new Segment(message.url));
      else if (typeof message.count === "number") segment.#take(message.count);
    });
    const segment = await started.promise;
    return segment;
  }

  /** Resolves when `messages` more than now have arrived. */
  async more(messages: number): Promise<void> {
    const wanted = this.count + messages;
    if (this.count >= wanted) return;
    await new Promise<void>((resolve) => {
      const watch = () => {
        if (this.count < wanted) return;
        this.#watchers.delete(watch);
        resolve();
      };
      this.#watchers.add(watch);
    });
  }

  #take(count: number): void {
    this.count = count;
    for (const watch of this.#watchers) watch();
  }
}
