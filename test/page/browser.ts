import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { ensureBrowser } from "../stack/install.ts";

/** A page in Chromium with its requests and errors. */
export type Visit = {
  readonly page: Page;
  /** Addresses the page has requested. */
  readonly asked: string[];
  /** Script errors, and violations of its Content-Security-Policy. */
  readonly complaints: string[];
};

export async function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await ensureBrowser() });
}

/** @param before prepares the page before its first request */
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
