/** Writes the screenshots of the status page in docs/images, taken from a demo: `npm run screenshots`. */
import { writeFileSync } from "node:fs";
import { DemoOnTerminal } from "../support/demo-on-terminal.ts";
import { openBrowser, visit } from "./browser.ts";
import { compressPng } from "./compress-png.ts";

const DIRECTORY = new URL("../../docs/images/", import.meta.url).pathname;

const browser = await openBrowser();
const demo = new DemoOnTerminal();
const url = await demo.page();

const desktop = await shown({ colorScheme: "light", viewport: { width: 1120, height: 1360 } });
write("status-light", await desktop.screenshot());

const viewport = { width: 360, height: 800 };
const phone = await shown({ colorScheme: "dark", viewport, deviceScaleFactor: 2 });
write("status-phone-dark", await phone.screenshot());

// A user of the feed whose subscription started, changed and ended.
await demo.waitFor(/(The status page stays)/);
await desktop.fill("[name=user]", "1149");
await desktop.waitForFunction(() => / found/.test(document.body.textContent ?? ""));
await desktop.waitForResponse(/\/status$/);
const box = await desktop.locator("#messages").evaluate((section) => {
  section.scrollIntoView({ behavior: "instant" });
  const margin = 16;
  const { x, y, width, height } = section.getBoundingClientRect();
  return { x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin };
});
write("status-messages", await desktop.screenshot({ clip: box }));

await browser.close();
process.exitCode = (await demo.pressCtrlC()) ?? 1;

/** The page with messages and rates, which need two responses. */
async function shown(how: Parameters<typeof visit>[2]) {
  const { page } = await visit(browser, url, how);
  for (let responses = 0; responses < 2; responses++) await page.waitForResponse(/\/status$/);
  await page.waitForSelector("#messages-table tbody tr");
  return page;
}

function write(name: string, png: Buffer): void {
  const compressed = compressPng(png);
  writeFileSync(`${DIRECTORY}${name}.png`, compressed);
  console.log(`${name}.png ${compressed.length} bytes`);
}
