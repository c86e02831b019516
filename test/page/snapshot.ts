import type { Browser, Page } from "playwright-core";
import type { DeadLettersStatus, MessagesStatus, Status } from "../../src/status/status.ts";
import { visit } from "./browser.ts";

/** The responses to one refresh of the page. */
export type Snapshot = {
  readonly status: Status;
  readonly messages: MessagesStatus["messages"];
  readonly deadLetters: DeadLettersStatus["deadLetters"];
};

/** A page that shows one snapshot until the next is requested: live data would change while a test compares it. */
export class SnapshotPage {
  readonly page: Page;
  readonly #current: { snapshot: Snapshot };
  readonly #url: string;

  private constructor(page: Page, current: { snapshot: Snapshot }, url: string) {
    this.page = page;
    this.#current = current;
    this.#url = url;
  }

  static async open(browser: Browser, url: string): Promise<SnapshotPage> {
    const current = { snapshot: await snapshotOf(url) };
    const { page } = await visit(browser, url, {}, (page) =>
      page.route(
        ({ pathname }) => pathname.startsWith("/status"),
        async (route) => {
          const { status, messages, deadLetters } = current.snapshot;
          const { pathname } = new URL(route.request().url());
          const responses: { readonly [path: string]: unknown } = {
            "/status": status,
            "/status/messages": { messages },
            "/status/dead-letters": { deadLetters },
          };
          await route.fulfill({ json: responses[pathname] });
        },
      ),
    );
    const opened = new SnapshotPage(page, current, url);
    await opened.#isShown();
    return opened;
  }

  get snapshot(): Snapshot {
    return this.#current.snapshot;
  }

  async next(): Promise<Snapshot> {
    this.#current.snapshot = await snapshotOf(this.#url);
    await this.#isShown();
    return this.snapshot;
  }

  /** The second request from now proves that the page has shown the response to the first. */
  async #isShown(): Promise<void> {
    for (let requests = 0; requests < 2; requests++) await this.page.waitForRequest(/\/status$/);
  }
}

async function snapshotOf(url: string): Promise<Snapshot> {
  const get = async (path: string) => (await fetch(url + path)).json();
  const status = (await get("/status")) as Status;
  const { messages } = (await get("/status/messages")) as MessagesStatus;
  const { deadLetters } = (await get("/status/dead-letters")) as DeadLettersStatus;
  return { status, messages, deadLetters };
}
