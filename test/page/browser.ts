import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { ensureBrowser } from "../stack/install.ts";

/** A page in a real Chromium, with what it asked for and what it complained about. */
export type Visit = {
  readonly page: Page;
  /** Addresses that it asked for. */
  readonly asked: string[];
  /** Errors of its scripts, and what its Content-Security-Policy forbade. */
  readonly complaints: string[];
};

export async function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await ensureBrowser() });
}

/** @param before what is to be made ready before the page asks for anything */
export async function visit(
  browser: Browser,
  url: string,
  how: BrowserContextOptions = {},
  before: (page: Page) => Promise<unknown> = async () => {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...how });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const [asked, complaints]: [string[], string[]] = [[], []];
  page.on("request", (request) => asked.push(request.url()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await before(page);
  await page.goto(url);
  return { page, asked, complaints };
}
