import type { Browser, Page } from "playwright-core";
import type { DeadLettersStatus, MessagesStatus, Status } from "../../src/status/status.ts";
import { visit } from "./browser.ts";

/** All that the page asks for, answered at one time. */
export type Moment = {
  readonly status: Status;
  readonly messages: MessagesStatus["messages"];
  readonly letters: DeadLettersStatus["deadLetters"];
};

/** A page that shows one moment, until it is told to show the next: what is true passes too fast to be compared. */
export class MomentPage {
  readonly page: Page;
  readonly #kept: { moment: Moment };
  readonly #url: string;

  private constructor(page: Page, kept: { moment: Moment }, url: string) {
    this.page = page;
    this.#kept = kept;
    this.#url = url;
  }

  static async open(browser: Browser, url: string): Promise<MomentPage> {
    const kept = { moment: await momentOf(url) };
    const { page } = await visit(browser, url, {}, (page) =>
      page.route(
        ({ pathname }) => pathname.startsWith("/status"),
        async (route) => {
          const { status, messages, letters } = kept.moment;
          const { pathname } = new URL(route.request().url());
          const answers: { readonly [path: string]: unknown } = {
            "/status": status,
            "/status/messages": { messages },
            "/status/dead-letters": { deadLetters: letters },
          };
          await route.fulfill({ json: answers[pathname] });
        },
      ),
    );
    const opened = new MomentPage(page, kept, url);
    await opened.#isShown();
    return opened;
  }

  get moment(): Moment {
    return this.#kept.moment;
  }

  /** Shows what is answered now. */
  async next(): Promise<Moment> {
    this.#kept.moment = await momentOf(this.#url);
    await this.#isShown();
    return this.moment;
  }

  /** When it asks once more after it was answered, it has shown the answer. */
  async #isShown(): Promise<void> {
    for (let asked = 0; asked < 2; asked++) await this.page.waitForRequest(/\/status$/);
  }
}

async function momentOf(url: string): Promise<Moment> {
  const ask = async (path: string) => (await fetch(url + path)).json();
  const status = (await ask("/status")) as Status;
  const { messages } = (await ask("/status/messages")) as MessagesStatus;
  const { deadLetters: letters } = (await ask("/status/dead-letters")) as DeadLettersStatus;
  return { status, messages, letters };
}
