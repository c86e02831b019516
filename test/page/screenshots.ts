/** Takes the README's pictures of the status page: `npm run screenshots`, while a demo runs behind it. */
import { DemoOnTerminal } from "../support/demo-on-terminal.ts";
import { openBrowser, visit } from "./browser.ts";

const FOLDER = new URL("../../config/pictures/", import.meta.url).pathname;

const PICTURES = [
  { name: "status-light", colorScheme: "light", viewport: { width: 1200, height: 1400 } },
  {
    ...{ name: "status-phone-dark", colorScheme: "dark", viewport: { width: 360, height: 800 } },
    deviceScaleFactor: 2,
  },
] as const;

const browser = await openBrowser();
const demo = new DemoOnTerminal();
const url = await demo.page();
for (const { name, ...how } of PICTURES) {
  const { page } = await visit(browser, url, how);
  // Rates are of several answers, and the first seconds have no partitions yet.
  for (let answers = 0; answers < 2; answers++) await page.waitForResponse(/\/status$/);
  await page.waitForSelector("#messages-table tbody tr");
  await page.screenshot({ path: `${FOLDER}${name}.png` });
  console.log(`${FOLDER}${name}.png`);
}
await browser.close();
process.exitCode = (await demo.pressCtrlC()) ?? 1;
