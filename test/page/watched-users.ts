import type { Browser } from "playwright-core";
import { type Fault, MockSegment } from "../../src/cli/demo/mock-segment.ts";
import type { Status } from "../../src/status/status.ts";
import { TOPIC } from "../support/debezium.ts";
import { type Change, insert, remove, update } from "../support/table.ts";
import { WatchedPipeline } from "../support/watched-pipeline.ts";
import { openBrowser, type Visit, visit } from "./browser.ts";

/** Runs as a script on a page that inserts text as markup. */
export const MARKUP = `<img src="x" onerror="document.title='taken over'"><script>document.title='taken over'</script>`;
export const EVENT = "<b>Plan</b> Changed & more";
export const KEY = "page-write-key-0123456789";
const LONG = `user-${"0123456789abcdef".repeat(12)}`;

/** A pipeline that has sent 17 messages about users, and a browser for its status page. */
export class WatchedUsers {
  readonly browser: Browser;
  readonly mockSegment: MockSegment;
  readonly pipeline: WatchedPipeline;
  readonly url: string;
  /** Injected by the mock Segment server; `null` accepts batches. */
  fault: Fault | null = null;

  private constructor(
    browser: Browser,
    mockSegment: MockSegment,
    pipeline: WatchedPipeline,
    url: string,
  ) {
    this.browser = browser;
    this.mockSegment = mockSegment;
    this.pipeline = pipeline;
    this.url = url;
  }

  static async start(): Promise<WatchedUsers> {
    const browser = await openBrowser();
    const mockSegment = await MockSegment.start({ faultFor: () => users.fault });
    const pipeline = new WatchedPipeline(settings(mockSegment.url), [
      partitionOf(0),
      partitionOf(1),
    ]);
    const users = new WatchedUsers(browser, mockSegment, pipeline, await pipeline.open());
    // Seven added, of which five change an unwatched column and one its plan; one removed; two rejected.
    const ids = ["1", "2", "3", "4", "5", MARKUP, LONG];
    users.produce(0, ...ids.map((id, i) => insert({ id, plan: "free", seen: 0 }, i + 1)));
    users.produce(
      0,
      ...ids.slice(0, 5).map((id, i) => update({ id, plan: "free", seen: 1 }, 20 + i)),
    );
    users.produce(0, update({ id: "3", plan: "pro", seen: 1 }, 30), remove("2", 31));
    pipeline.produce(partitionOf(1), {
      key: Buffer.from('{"id":"9"}'),
      value: Buffer.from(MARKUP),
    });
    pipeline.produce(partitionOf(1), {
      key: null,
      value: Buffer.from(JSON.stringify(insert({ id: "8" }, 40).value)),
    });
    await users.#delivered(2 * 7 + 3);
    return users;
  }

  produce(partition: number, ...changes: readonly Change[]): void {
    for (const { key, value } of changes)
      this.pipeline.produce(partitionOf(partition), {
        key: Buffer.from(JSON.stringify(key)),
        value: Buffer.from(JSON.stringify(value)),
      });
  }

  /** The page after its first refresh. */
  async visited(how: Parameters<typeof visit>[2] = {}, query = ""): Promise<Visit> {
    const visited = await visit(this.browser, `${this.url}/${query}`, how);
    await visited.page.waitForSelector("#syncs-table tbody tr");
    return visited;
  }

  async json<T>(path: string): Promise<T> {
    return (await fetch(this.url + path)).json() as Promise<T>;
  }

  async end(): Promise<void> {
    await this.browser.close();
    await this.pipeline.end();
    await this.mockSegment.stop();
  }

  /** Waits until `count` messages are delivered and everything is stored. */
  async #delivered(count: number): Promise<void> {
    for (const deadline = Date.now() + 60_000; ; await new Promise((go) => setTimeout(go, 50))) {
      const { syncs, partitions, deadLetters } = await this.json<Status>("/status");
      const delivered = syncs.reduce((sum, { messages_delivered }) => sum + messages_delivered, 0);
      const isStored = partitions.length === 2 && partitions.every(({ lag }) => lag.records === 0);
      if (delivered === count && isStored && deadLetters.total === 2) return;
      if (Date.now() > deadline) throw new Error(`${delivered} of ${count} messages are delivered`);
    }
  }
}

function settings(url: string): object {
  const about = { model: "users", userId: "id" };
  const events = { added: "Added", changed: EVENT, removed: "Removed" };
  return {
    name: "watched",
    segment: { writeKey: KEY, url },
    checkpoint: { interval: "50ms" },
    models: { users: { topic: TOPIC } },
    syncs: {
      profile: { ...about, type: "identify", traits: ["plan"] },
      lifecycle: { ...about, type: "track", properties: ["plan"], events, initialResults: "send" },
    },
  };
}

function partitionOf(partition: number) {
  return { topic: TOPIC, partition };
}
