/** Takes the pictures in docs/images of the status page: `npm run screenshots`, while a demo runs behind it. */
import { writeFileSync } from "node:fs";
import { DemoOnTerminal } from "../support/demo-on-terminal.ts";
import { openBrowser, visit } from "./browser.ts";
import { smaller } from "./smaller.ts";

const FOLDER = new URL("../../docs/images/", import.meta.url).pathname;

const browser = await openBrowser();
const demo = new DemoOnTerminal();
const url = await demo.page();

const desktop = await shown({ colorScheme: "light", viewport: { width: 1120, height: 1360 } });
keep("status-light", await desktop.screenshot());

const viewport = { width: 360, height: 800 };
const phone = await shown({ colorScheme: "dark", viewport, deviceScaleFactor: 2 });
keep("status-phone-dark", await phone.screenshot());

// Somebody of the feed whose subscription began, changed and ended.
await demo.detail(/(The page stays)/);
await desktop.fill("[name=user]", "1149");
await desktop.waitForFunction(() => / found/.test(document.body.textContent ?? ""));
await desktop.waitForResponse(/\/status$/);
const box = await desktop.locator("#messages").evaluate((section) => {
  section.scrollIntoView({ behavior: "instant" });
  const margin = 16;
  const { x, y, width, height } = section.getBoundingClientRect();
  return { x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin };
});
keep("status-messages", await desktop.screenshot({ clip: box }));

await browser.close();
process.exitCode = (await demo.pressCtrlC()) ?? 1;

/** The page, once it shows rates, which are of several answers, and messages. */
async function shown(how: Parameters<typeof visit>[2]) {
  const { page } = await visit(browser, url, how);
  for (let answers = 0; answers < 2; answers++) await page.waitForResponse(/\/status$/);
  await page.waitForSelector("#messages-table tbody tr");
  return page;
}

function keep(name: string, png: Buffer): void {
  const packed = smaller(png);
  writeFileSync(`${FOLDER}${name}.png`, packed);
  console.log(`${name}.png ${packed.length} bytes`);
}
