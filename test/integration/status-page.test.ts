import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CdcError } from "../../src/lib/errors.ts";
import { visit } from "../page/browser.ts";
import { contrasts } from "../page/contrast.ts";
import { rows, said, text } from "../page/reading.ts";
import { EVENT, KEY, MARKUP, WatchedUsers } from "../page/watched-users.ts";
import { DemoOnTerminal } from "../support/demo-on-terminal.ts";
import { insert } from "../support/table.ts";

/** The status page in a real Chromium, before a real pipeline: who can use it, and what it says when something happens. */

const PHONE = { viewport: { width: 360, height: 740 } };

const test = suite("the status page");
let users: WatchedUsers;

test.before(async () => {
  users = await WatchedUsers.start();
});
test.after(() => users.end());

test("should say what it is about, and ask for nothing but its own files and answers", async () => {
  const { page, asked, complaints } = await users.visited();
  assert.is(await page.title(), "watched: Healthy");
  assert.match(await text(page, "#about"), /^cdc-to-segment 0\.0\.1, running for /);
  const everything = /Healthy.*Everything that the topics hold is delivered/s;
  assert.match(await text(page, "#health"), everything);
  assert.match(await text(page, "#health"), /2 dead letters/);
  await page.click("#settings summary");
  const shown = await text(page, "#settings-text");
  assert.match(shown, /writeKey: \(hidden\)/);
  assert.match(shown, /\n {2}life:\n(?: {4}.*\n)* {4}type: track\n/);
  assert.not.match(await page.content(), new RegExp(KEY));
  assert.equal([...new Set(asked.map((address) => new URL(address).origin))], [users.url]);
  assert.equal(complaints, []);
});

test("should show markup in ids, events and reasons as the text that it is", async () => {
  const { page, complaints } = await users.visited();
  const all = await text(page, "#messages-table");
  assert.ok(all.includes(MARKUP), all);
  assert.ok(all.includes(`track “${EVENT}”`));
  // The parser quotes the beginning of what it could not read.
  assert.match(await text(page, "#letters-table"), /INVALID_JSON.*<img src/s);
  assert.is(await page.locator("main img, main script, main b").count(), 0);
  assert.is(await page.title(), "watched: Healthy");
  await page.fill("[name=user]", MARKUP);
  await said(page, "#messages-sum", /^2 messages found/);
  await page.click("#messages-table button");
  await said(page, "#answer pre", /^row /);
  assert.ok((await text(page, "#answer")).includes(JSON.stringify([MARKUP])));
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
    await said(page, "#answer pre", /^row /);
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

test("should be used by keyboard alone, and show where one is", async () => {
  const { page } = await users.visited();
  const reached: string[] = [];
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(at);
      const label = at.getAttribute("name") ?? at.getAttribute("aria-label");
      const name = [at.getAttribute("role"), label ?? at.textContent?.trim()].join(" ").trim();
      return { name, isSeen: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2 };
    });
    if (focused === null) break;
    assert.ok(focused.isSeen, `${focused.name} shows no focus`);
    reached.push(focused.name ?? "");
  }
  assert.is(reached[0], "Skip to the content");
  const tables = ["Partitions", "Syncs", "Latest messages", "Dead letters"];
  const question = ["model", "key", "values", "And what would a record do?", "Explain"];
  const wanted = [
    ...["user", "key", "sync", "Show all", ...question, 'explain ["3"] to life'],
    ...tables.map((name) => `region ${name}`),
  ];
  for (const name of wanted) assert.ok(reached.includes(name), `${name} not in ${reached}`);
  assert.equal(await page.locator("table th:not([scope])").count(), 0);
});

test("should fit a phone: nothing but the tables scrolls sideways, and they do not have to", async () => {
  const { page } = await users.visited(PHONE);
  await page.click("#explain summary");
  await page.click("#messages-table button");
  await said(page, "#answer pre", /^row /);
  const widths = await page.evaluate(() => ({
    page: document.documentElement.scrollWidth,
    frames: [...document.querySelectorAll(".frame:has(table), #answer, #answer pre")].map(
      (frame) => frame.scrollWidth - frame.clientWidth,
    ),
    tooLong: [...document.querySelectorAll("svg .box text")].filter((text) => {
      const box = text.parentElement?.querySelector("rect");
      return text.getBoundingClientRect().right > (box?.getBoundingClientRect().right ?? 0);
    }).length,
  }));
  assert.is(widths.page, 360);
  assert.equal([...new Set(widths.frames)], [0]);
  assert.is(widths.tooLong, 0);
});

test("should ask no more while nobody can see it, and at once when somebody can", async () => {
  const { page, asked } = await users.visited();
  const see = (isSeen: boolean) =>
    page.evaluate((redact) => {
      Object.defineProperty(document, "hidden", { configurable: true, value: redact });
      document.dispatchEvent(new Event("visibilitychange"));
    }, !isSeen);
  await page.clock.install();
  await page.reload();
  await page.waitForSelector("#syncs-table tbody tr");
  await see(false);
  await page.waitForLoadState("networkidle");
  const before = asked.length;
  await page.clock.runFor(60_000);
  assert.is(asked.length, before);
  const responded = page.waitForResponse(/\/status$/);
  await see(true);
  await responded;
  const next = page.waitForResponse(/\/status$/);
  await page.clock.runFor(2_500);
  await next;
});

test("should say in words that Segment slows it down, and how fast records come", async () => {
  users.misbehaviour = { status: 429, headers: { "retry-after": "3" } };
  const { page } = await users.visited();
  users.produce(
    0,
    ...Array.from({ length: 50 }, (_, i) => insert({ id: `n${i}`, plan: "free" }, 100 + i)),
  );
  await said(
    page,
    "#health",
    /Segment does not take messages now.*asked to slow down: sending goes on at \d\d:\d\d:\d\d/s,
  );
  await said(page, `[data-place="segment"]`, /gate closed to/);
  await said(page, `[data-place="kafka"]`, /Kafka\s*[1-9][\d.]* records\/s\s*lag \d+ records/);
  assert.is(await page.getAttribute("#health", "data-tone"), "warn");
  users.misbehaviour = null;
  await said(page, "#health", /Healthy/);
  await said(page, "#syncs-table", /58.*59/s);
});

test("should say that the connection is lost, keep what it knew, and go on when it is back", async () => {
  const { page } = await users.visited();
  const before = await rows(page, "#syncs-table");
  await users.pipeline.close();
  await said(page, "#lost", /Connection lost.*What stands below is of \d\d:\d\d:\d\d/s);
  assert.is(await page.getAttribute("#lost", "role"), "alert");
  assert.match(await text(page, "#health"), /^Before: Healthy/);
  assert.is(await page.getAttribute("#health", "data-tone"), "none");
  assert.equal(await rows(page, "#syncs-table"), before);
  await page.click("#question button");
  await said(page, "#answer", /NO_ANSWER.*does not answer.*What to do: ask again/s);
  assert.equal(
    (await contrasts(page)).filter(({ ratio }) => ratio < 4.5),
    [],
  );
  assert.is(await users.pipeline.open(), users.url);
  await said(page, "#lost", /^$/);
  assert.match(await text(page, "#health"), /^Healthy/);
});

test("should stay behind a demo on a terminal until Ctrl+C, at the address that it says", async () => {
  const demo = new DemoOnTerminal();
  const address = await demo.page();
  const { page } = await visit(users.browser, address);
  await said(page, "#pipeline", /^demo$/);
  await demo.detail(/(The page stays)/);
  // What the demo counted, when its feed was done.
  const [, noOps] = /(\d+) {2}updates that changed nothing a sync uses/.exec(demo.shown) ?? [];
  await said(page, "#health", /Everything that the topics hold is delivered and stored/);
  const [digits = ""] = /[\d,]+(?= calls not made)/.exec(await text(page, "#picture")) ?? [];
  assert.is(digits.replace(",", ""), noOps);
  const [, arrived = ""] = /(\d+) messages arrived/.exec(demo.shown) ?? [];
  assert.match(await text(page, `[data-place="segment"]`), new RegExp(`s${arrived} taken`));
  assert.is(await demo.pressCtrlC(), 0);
  await said(page, "#lost", /Connection lost/);
});

test("should say what failed, and what to do", async () => {
  const { page } = await users.visited();
  users.pipeline.failed(new CdcError("SEGMENT_CREDENTIALS", "the key is refused; set another"));
  await said(
    page,
    "#health",
    /Failed: FAILED.*SEGMENT_CREDENTIALS: the key is refused.*What to do: as the reason says/s,
  );
  assert.is(await page.getAttribute("#health", "data-tone"), "bad");
  assert.equal(
    (await contrasts(page)).filter(({ ratio }) => ratio < 4.5),
    [],
  );
});

test.run();
