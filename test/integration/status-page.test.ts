import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CdcError } from "../../src/lib/errors.ts";
import { visit } from "../page/browser.ts";
import { contrasts } from "../page/contrast.ts";
import { rows, text, waitForText } from "../page/reading.ts";
import { EVENT, KEY, MARKUP, WatchedUsers } from "../page/watched-users.ts";
import { DemoOnTerminal } from "../support/demo-on-terminal.ts";
import { insert } from "../support/table.ts";

/** The status page in Chromium with a real pipeline: accessibility, security and changes of state. */

const PHONE = { viewport: { width: 360, height: 740 } };

const test = suite("the status page");
let users: WatchedUsers;

test.before(async () => {
  users = await WatchedUsers.start();
});
test.after(() => users.end());

test("should show health and settings, and request only its own files and data", async () => {
  const { page, asked, complaints } = await users.visited();
  assert.is(await page.title(), "watched: Healthy");
  assert.match(await text(page, "#process-summary"), /^cdc-to-segment 0\.0\.1, running for /);
  const everything = /Healthy.*No lag: every record is delivered and stored/s;
  assert.match(await text(page, "#health"), everything);
  assert.match(await text(page, "#health"), /2 dead letters/);
  await page.click("#settings summary");
  const shown = await text(page, "#settings-text");
  assert.match(shown, /writeKey: \(hidden\)/);
  assert.match(shown, /\n {2}lifecycle:\n(?: {4}.*\n)* {4}type: track\n/);
  assert.not.match(await page.content(), new RegExp(KEY));
  assert.equal([...new Set(asked.map((address) => new URL(address).origin))], [users.url]);
  assert.equal(complaints, []);
});

test("should show markup in ids and events as text, and no row values in reasons", async () => {
  const { page, complaints } = await users.visited();
  const all = await text(page, "#messages-table");
  assert.ok(all.includes(MARKUP), all);
  assert.ok(all.includes(`track “${EVENT}”`));
  const deadLetters = await text(page, "#dead-letters-table");
  assert.match(deadLetters, /INVALID_JSON/);
  assert.not.match(deadLetters, /<img/);
  assert.is(await page.locator("main img, main script, main b").count(), 0);
  assert.is(await page.title(), "watched: Healthy");
  await page.fill("[name=user]", MARKUP);
  await waitForText(page, "#messages-summary", /^2 messages found/);
  await page.click("#messages-table button");
  await waitForText(page, "#explanation pre", /^row /);
  assert.ok((await text(page, "#explanation")).includes(JSON.stringify([MARKUP])));
  assert.is(await page.locator("main img, main script, main b").count(), 0);
  assert.equal(complaints, []);
  const policy = (await fetch(users.url)).headers.get("content-security-policy") ?? "";
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
  assert.not.match(policy, /unsafe|\*|http/);
});

for (const colorScheme of ["light", "dark"] as const)
  test(`should be readable in ${colorScheme}: every text at least 4.5 to 1`, async () => {
    const { page } = await users.visited({ colorScheme });
    for (const summary of await page.locator("summary").all()) await summary.click();
    await page.click("#messages-table button");
    await waitForText(page, "#explanation pre", /^row /);
    const found = await contrasts(page);
    assert.ok(found.length > 150, `${found.length} texts`);
    assert.equal(
      found.filter(({ ratio }) => ratio < 4.5),
      [],
    );
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [red = 0] = ground.match(/\d+/g)?.map(Number) ?? [];
    assert.is(red > 128, colorScheme === "light", ground);
  });

test("should be usable by keyboard alone, with a visible focus", async () => {
  const { page } = await users.visited();
  const reached: string[] = [];
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const active = document.activeElement;
      if (!active || active === document.body) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(active);
      const label = active.getAttribute("name") ?? active.getAttribute("aria-label");
      const name = [active.getAttribute("role"), label ?? active.textContent?.trim()]
        .join(" ")
        .trim();
      return { name, isVisible: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2 };
    });
    if (focused === null) break;
    assert.ok(focused.isVisible, `${focused.name} shows no focus`);
    reached.push(focused.name ?? "");
  }
  assert.is(reached[0], "Skip to content");
  const tables = ["Partitions", "Syncs", "Latest messages", "Dead letters"];
  const form = ["model", "key", "values", "Also explain what a record would do", "Explain"];
  const wanted = [
    ...["user", "key", "sync", "Show all", ...form, 'explain ["3"] for lifecycle'],
    ...tables.map((name) => `region ${name}`),
  ];
  for (const name of wanted) assert.ok(reached.includes(name), `${name} not in ${reached}`);
  assert.equal(await page.locator("table th:not([scope])").count(), 0);
});

test("should fit a phone without scrolling sideways", async () => {
  const { page } = await users.visited(PHONE);
  await page.click("#explain summary");
  await page.click("#messages-table button");
  await waitForText(page, "#explanation pre", /^row /);
  const widths = await page.evaluate(() => ({
    page: document.documentElement.scrollWidth,
    regions: [
      ...document.querySelectorAll(".scroll:has(table), #explanation, #explanation pre"),
    ].map((region) => region.scrollWidth - region.clientWidth),
    tooLong: [...document.querySelectorAll("svg .box text")].filter((text) => {
      const box = text.parentElement?.querySelector("rect");
      return text.getBoundingClientRect().right > (box?.getBoundingClientRect().right ?? 0);
    }).length,
  }));
  assert.is(widths.page, 360);
  assert.equal([...new Set(widths.regions)], [0]);
  assert.is(widths.tooLong, 0);
});

test("should stop polling while it is not visible, and refresh when it is", async () => {
  const { page, asked } = await users.visited();
  const setVisible = (isVisible: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { configurable: true, value });
      document.dispatchEvent(new Event("visibilitychange"));
    }, !isVisible);
  await page.clock.install();
  await page.reload();
  await page.waitForSelector("#syncs-table tbody tr");
  await setVisible(false);
  await page.waitForLoadState("networkidle");
  const before = asked.length;
  await page.clock.runFor(60_000);
  assert.is(asked.length, before);
  const responded = page.waitForResponse(/\/status$/);
  await setVisible(true);
  await responded;
  const next = page.waitForResponse(/\/status$/);
  await page.clock.runFor(2_500);
  await next;
});

test("should show throttling and the rate of records", async () => {
  users.fault = { status: 429, headers: { "retry-after": "3" } };
  const { page } = await users.visited();
  users.produce(
    0,
    ...Array.from({ length: 50 }, (_, i) => insert({ id: `n${i}`, plan: "free" }, 100 + i)),
  );
  await waitForText(
    page,
    "#health",
    /Segment does not accept messages.*requests are throttled until \d\d:\d\d:\d\d/s,
  );
  await waitForText(page, `[data-stage="segment"]`, /throttled to/);
  await waitForText(
    page,
    `[data-stage="kafka"]`,
    /Kafka\s*[1-9][\d.]* records\/s\s*lag \d+ records/,
  );
  assert.is(await page.getAttribute("#health", "data-tone"), "warn");
  users.fault = null;
  await waitForText(page, "#health", /Healthy/);
  await waitForText(page, "#syncs-table", /58.*59/s);
});

test("should show a lost connection with the last data, and recover", async () => {
  const { page } = await users.visited();
  const before = await rows(page, "#syncs-table");
  await users.pipeline.close();
  await waitForText(page, "#connection", /Connection lost.*The data below is from \d\d:\d\d:\d\d/s);
  assert.is(await page.getAttribute("#connection", "role"), "alert");
  assert.match(await text(page, "#health"), /^Before: Healthy/);
  assert.is(await page.getAttribute("#health", "data-tone"), "none");
  assert.equal(await rows(page, "#syncs-table"), before);
  await page.click("#explain-form button");
  await waitForText(
    page,
    "#explanation",
    /NO_RESPONSE.*does not respond.*What to do: repeat the request/s,
  );
  assert.equal(
    (await contrasts(page)).filter(({ ratio }) => ratio < 4.5),
    [],
  );
  assert.is(await users.pipeline.open(), users.url);
  await waitForText(page, "#connection", /^$/);
  assert.match(await text(page, "#health"), /^Healthy/);
});

test("should be served by a demo on a terminal until Ctrl+C", async () => {
  const demo = new DemoOnTerminal();
  const address = await demo.page();
  const { page } = await visit(users.browser, address);
  await waitForText(page, "#pipeline", /^demo$/);
  await demo.waitFor(/(The status page stays)/);
  // The counts of the demo at the end of its feed.
  const [, skipped] = /(\d+) {2}updates without a change that a sync uses/.exec(demo.output) ?? [];
  await waitForText(page, "#health", /No lag: every record is delivered and stored/);
  const [digits = ""] = /[\d,]+(?= skipped calls)/.exec(await text(page, "#flow-diagram")) ?? [];
  assert.is(digits.replace(",", ""), skipped);
  const [, received = ""] = /(\d+) messages received/.exec(demo.output) ?? [];
  assert.match(await text(page, `[data-stage="segment"]`), new RegExp(`s${received} sent`));
  assert.is(await demo.pressCtrlC(), 0);
  await waitForText(page, "#connection", /Connection lost/);
});

test("should show an error that ends the pipeline", async () => {
  const { page } = await users.visited();
  users.pipeline.failed(new CdcError("SEGMENT_CREDENTIALS", "the key is refused; set another"));
  await waitForText(
    page,
    "#health",
    /Failed: FAILED.*SEGMENT_CREDENTIALS: the key is refused.*What to do: see the reason/s,
  );
  assert.is(await page.getAttribute("#health", "data-tone"), "bad");
  assert.equal(
    (await contrasts(page)).filter(({ ratio }) => ratio < 4.5),
    [],
  );
});

test.run();
