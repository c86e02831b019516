import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Misbehaviour, StandIn } from "../../src/demo/stand-in.ts";
import { CdcError } from "../../src/errors.ts";
import { recordedForm } from "../../src/recorded-line.ts";
import type { MessagesStatus, Status } from "../../src/telemetry/status.ts";
import { openBrowser, type Visit, visit } from "../page/browser.ts";
import { contrasts } from "../page/contrast.ts";
import { recordOf, TOPIC } from "../support/debezium.ts";
import { DemoOnTerminal } from "../support/demo-on-terminal.ts";
import { type Change, insert, remove, update } from "../support/table.ts";
import { WatchedPipeline } from "../support/watched-pipeline.ts";

/** The status page in a real Chromium, before a real pipeline; what it shows is held against what was done. */

/** Becomes a program wherever a page takes texts for markup. */
const MARKUP = `<img src="x" onerror="document.title='taken over'"><script>document.title='taken over'</script>`;
const EVENT = "<b>Plan</b> Changed & more";
const LONG = `user-${"0123456789abcdef".repeat(12)}`;
const KEY = "page-write-key-0123456789";
const PHONE = { viewport: { width: 360, height: 740 } };

const test = suite("the status page");
let answer: Misbehaviour | null = null;
let browser: Browser;
let standIn: StandIn;
let pipeline: WatchedPipeline;
let url = "";

test.before(async () => {
  browser = await openBrowser();
  standIn = await StandIn.start({ misbehave: () => answer });
  pipeline = new WatchedPipeline(settings(), [at(0), at(1)]);
  url = await pipeline.open();
  // Seven added, of which five change in what nobody watches and one in its plan; one removed; two unreadable.
  const ids = ["1", "2", "3", "4", "5", MARKUP, LONG];
  produce(0, ...ids.map((id, i) => insert({ id, plan: "free", seen: 0 }, i + 1)));
  produce(0, ...ids.slice(0, 5).map((id, i) => update({ id, plan: "free", seen: 1 }, 20 + i)));
  produce(0, update({ id: "3", plan: "pro", seen: 1 }, 30), remove("2", 31));
  pipeline.produce(at(1), { key: Buffer.from('{"id":"9"}'), value: Buffer.from(MARKUP) });
  pipeline.produce(at(1), {
    key: null,
    value: Buffer.from(JSON.stringify(insert({ id: "8" }, 40).value)),
  });
  await delivered(2 * 7 + 3);
});

test.after(async () => {
  await browser?.close();
  await pipeline?.end();
  await standIn?.stop();
});

test("should show what /status says, and nothing else but its own files and answers is asked for", async () => {
  const { page, asked, complaints } = await visited();
  const status = await json<Status>("/status");
  assert.is(await page.title(), "watched: Healthy");
  assert.match(await text(page, "#about"), /^cdc-to-segment 0\.0\.1, running for /);
  assert.match(
    await text(page, "#health"),
    /Healthy.*Everything that the topics hold is delivered/s,
  );
  assert.match(await text(page, "#health"), /2 dead letters/);

  assert.equal(
    (await rows(page, "#partitions-table")).map((cells) => cells.slice(0, 4)),
    status.partitions.map(({ topic, partition, position, end }) => [
      `${topic}/${partition}`,
      "running",
      `${position} of ${end}`,
      "none",
    ]),
  );
  const syncs = await rows(page, "#syncs-table");
  assert.equal(syncs, [
    ["profile", "identify of users", "7", "1", "1", "0", "5 saves 38.5 %", "8"],
    ["life", "track of users", "7", "1", "1", "0", "5 saves 35.7 %", "9"],
  ]);
  assert.equal(
    status.syncs.map(({ calls_not_made, messages_delivered }) => [
      calls_not_made,
      messages_delivered,
    ]),
    [
      [5, 8],
      [5, 9],
    ],
  );
  const box = (place: string) => text(page, `[data-place="${place}"]`);
  assert.match(await box("decode"), /16 records\s*14 rows, json\s*0 others\s*2 unreadable/);
  assert.match(await box("map"), /10 calls not made\s*saves 37 % of calls/);
  assert.match(await box("segment"), /17 taken, .*0 retries, 0 refused\s*gate open/s);
  assert.match(await box("letters"), /^Dead letters\s*2/);
  assert.match(
    (await page.getAttribute("#picture svg", "aria-label")) ?? "",
    /Map: .*10 calls not made/,
  );

  const letters = await rows(page, "#letters-table");
  assert.equal(
    letters.map((cells) => cells.at(-1)),
    [`${TOPIC}/1 @ 1`, `${TOPIC}/1 @ 0`],
  );
  assert.match(letters[0]?.[1] ?? "", /^MISSING_KEY /);
  await page.click("#settings summary");
  const shown = await text(page, "#settings-text");
  assert.match(shown, /writeKey: \(hidden\)/);
  assert.match(shown, /\n {2}life:\n(?: {4}.*\n)* {4}type: track\n/);
  assert.not.match(await page.content(), new RegExp(KEY));

  assert.equal([...new Set(asked.map((address) => new URL(address).origin))], [url]);
  assert.equal(complaints, []);
});

test("should find the messages of a user and of a key, and say why each was sent", async () => {
  const { page } = await visited();
  await page.fill("[name=user]", "3");
  await said(page, "#messages-sum", /^4 messages found/);
  const found = await rows(page, "#messages-table");
  const { messages } = await json<MessagesStatus>("/status/messages?user=3");
  assert.equal(
    found.map((cells) => [cells[1], cells[2], cells[3], cells[4]]),
    messages.map(({ sync, type, event, messageId, why: { kind, columns } }) => [
      sync,
      `${type}${event === undefined ? "" : ` “${event}”`} ${messageId}`,
      "3",
      `${kind} ${columns === null ? "" : `${columns.join(", ")} `}explain`,
    ]),
  );
  assert.is(
    found.filter(([, sync, , , why]) => sync === "life" && why === "changed plan explain").length,
    1,
  );
  assert.match(found[0]?.[5] ?? "", new RegExp(`^${TOPIC}/0 @ 12 key \\["3"\\]$`));
  assert.match(found[0]?.[6] ?? "", /^HTTP 200 [\d,]+ d .*after commit$/);
  assert.match(page.url(), /\?user=3$/);

  await page.selectOption("[name=sync]", "life");
  await said(page, "#messages-sum", /^2 messages found/);
  // The address can be passed on.
  const other = await visited({}, new URL(page.url()).search);
  await said(other.page, "#messages-sum", /^2 messages found/);
  assert.is(await other.page.inputValue("[name=sync]"), "life");
  await page.click("text=Show all");
  await said(page, "#messages-sum", /latest 100/);
  assert.is((await rows(page, "#messages-table")).length, 17);
  await page.fill("#filter [name=key]", '["2"]');
  await said(page, "#messages-sum", /^3 messages found/);
  await page.fill("[name=user]", "nobody");
  await said(page, "#messages-table .empty", /None of those kept fits/);
});

test("should explain the row of a message, by keyboard too: its place, its memberships and the message's id", async () => {
  const { page, asked, complaints } = await visited();
  await page.fill("[name=user]", "3");
  await page.selectOption("[name=sync]", "life");
  await said(page, "#messages-sum", /^2 messages found/);
  await page.locator("#messages-table button").first().focus();
  await page.keyboard.press("Enter");
  await said(page, "#answer pre", /^row /);
  const answer = await text(page, "#answer");
  const messageId = (type: string) =>
    standIn.kept.findLast((kept) => kept.userId === "3" && kept.type === type)?.messageId;
  for (const words of [
    `row ["3"] of model users, in ${TOPIC}/`,
    `  stored from ${TOPIC}/0@12,`,
    "  columns: id, plan, seen\n",
    "  profile (identify): a member, since ",
    `    last message: identify, messageId ${messageId("identify")}, from ${TOPIC}/0@12`,
    "  life (track): a member, since ",
    `    last message: changed, messageId ${messageId("track")}, from ${TOPIC}/0@12`,
    "    accepted by Segment: HTTP 200, ",
  ])
    assert.ok(answer.includes(words), `${words}\n${answer}`);
  const headers = { accept: "text/plain" };
  const port = await fetch(`${url}/explain?model=users&key=%223%22`, { headers });
  assert.is(answer, await port.text());
  assert.is(await page.getAttribute("#answer", "role"), "status");
  assert.is(await page.inputValue("#question [name=key]"), '["3"]');
  assert.is(await page.evaluate(() => document.activeElement?.id), "explain-title");

  // The next stops are the fields: another key, and Enter.
  for (let stop = 0; stop < 2; stop++) await page.keyboard.press("Tab");
  await page.keyboard.type('"2"');
  await page.keyboard.press("Enter");
  await said(page, "#answer", /^row \["2"\].* {2}removed by .*life \(track\): no member/s);
  assert.equal(complaints, []);
  const questions = asked.filter((address) => address.includes("/explain?"));
  assert.ok(questions.every((address) => address.includes("values=false")));
});

test("should explain a row that is named by hand, what a record would do, and what is wrong with a question", async () => {
  const { page } = await visited();
  const models = await page.locator("#question [name=model] option").allTextContents();
  assert.equal(models, ["users"]);
  await page.fill("#question [name=key]", '"3"');
  await page.click("#question button");
  await said(page, "#answer", /^row \["3"\].*columns: id, plan, seen\n/s);
  await page.check("#question [name=values]");
  await page.click("#question button");
  await said(page, "#answer", /columns: id "3", plan "pro", seen 1\n/);
  await page.uncheck("#question [name=values]");

  const change = update({ id: "3", plan: "team", seen: 1 }, 50);
  const line = JSON.stringify(recordedForm(recordOf({ ...change, offset: 99 })));
  await page.click("#explain summary");
  await page.fill("#question [name=line]", `${line}\n`);
  await page.fill("#question [name=key]", "");
  await page.click("#question button");
  const wouldDo = `record ${TOPIC}/0@99 would do this:.*life columns: .*different: plan\n.*→ track `;
  await said(page, "#answer", new RegExp(`^row \\["3"\\].*${wouldDo}`, "s"));
  assert.not.match(await text(page, "#answer"), /"team"|"pro"/);

  await page.fill("#question [name=line]", "");
  await page.fill("#question [name=key]", '{"id":');
  await page.click("#question button");
  const refusal = await json<{ reason: string; toDo: string }>(
    `/explain?model=users&key=${encodeURIComponent('{"id":')}`,
  );
  assert.match(refusal.reason, /^the key \{"id": cannot be read: /);
  await said(page, "#answer", /Not explained: BAD_QUESTION.*What to do: .*write a key as 7, /s);
  const shown = await text(page, "#answer");
  for (const words of [refusal.reason, refusal.toDo])
    assert.ok(shown.toLowerCase().includes(words.toLowerCase()), shown);
  assert.equal(
    (await contrasts(page)).filter(({ ratio }) => ratio < 4.5),
    [],
  );
  await page.fill("#question [name=key]", "nobody");
  await page.click("#question button");
  await said(page, "#answer", /^row \["nobody"\].*no partition that was looked at has it/s);
  assert.is(await page.getAttribute("#answer", "data-tone"), null);
});

test("should show markup in ids, events and reasons as the text that it is", async () => {
  const { page, complaints } = await visited();
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
  const policy = (await fetch(url)).headers.get("content-security-policy") ?? "";
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
  assert.not.match(policy, /unsafe|\*|http/);
});

for (const colorScheme of ["light", "dark"] as const)
  test(`should be readable in ${colorScheme}: every text at least 4.5 to 1`, async () => {
    const { page } = await visited({ colorScheme });
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
  const { page } = await visited();
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
  const { page } = await visited(PHONE);
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
  const { page, asked } = await visited();
  const see = (isSeen: boolean) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
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
  const answered = page.waitForResponse(/\/status$/);
  await see(true);
  await answered;
  const next = page.waitForResponse(/\/status$/);
  await page.clock.runFor(2_500);
  await next;
});

test("should say in words that Segment slows it down, and how fast records come", async () => {
  answer = { status: 429, headers: { "retry-after": "3" } };
  const { page } = await visited();
  produce(
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
  answer = null;
  await said(page, "#health", /Healthy/);
  await said(page, "#syncs-table", /58.*59/s);
});

test("should say that the connection is lost, keep what it knew, and go on when it is back", async () => {
  const { page } = await visited();
  const before = await rows(page, "#syncs-table");
  await pipeline.close();
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
  assert.is(await pipeline.open(), url);
  await said(page, "#lost", /^$/);
  assert.match(await text(page, "#health"), /^Healthy/);
});

test("should stay behind a demo on a terminal until Ctrl+C, at the address that it says", async () => {
  const demo = new DemoOnTerminal();
  const address = await demo.page();
  const { page } = await visit(browser, address);
  await said(page, "#pipeline", /^demo$/);
  await demo.says(/(The page stays)/);
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
  const { page } = await visited();
  pipeline.failed(new CdcError("SEGMENT_CREDENTIALS", "the key is refused; set another"));
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

function settings(): object {
  const about = { model: "users", userId: "id" };
  const events = { added: "Added", changed: EVENT, removed: "Removed" };
  return {
    name: "watched",
    segment: { writeKey: KEY, url: standIn.url },
    checkpoint: { interval_ms: 50 },
    models: { users: { topic: TOPIC } },
    syncs: {
      profile: { ...about, type: "identify", traits: ["plan"] },
      life: { ...about, type: "track", properties: ["plan"], events, initialResults: "send" },
    },
  };
}

function at(partition: number) {
  return { topic: TOPIC, partition };
}

function produce(partition: number, ...changes: readonly Change[]): void {
  for (const { key, value } of changes)
    pipeline.produce(at(partition), {
      key: Buffer.from(JSON.stringify(key)),
      value: Buffer.from(JSON.stringify(value)),
    });
}

/** The page, once it shows all that was done. */
async function visited(how: Parameters<typeof visit>[2] = {}, query = ""): Promise<Visit> {
  const visited = await visit(browser, `${url}/${query}`, how);
  await visited.page.waitForSelector("#syncs-table tbody tr");
  return visited;
}

async function json<T>(path: string): Promise<T> {
  return (await fetch(url + path)).json() as Promise<T>;
}

async function text(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).textContent()) ?? "";
}

/** The texts of a table's cells; what stands on several lines is joined by blanks. */
function rows(page: Page, selector: string): Promise<string[][]> {
  return page.$$eval(`${selector} tbody tr`, (found) =>
    found.map((row) =>
      [...row.children].map((cell) =>
        [...(cell.firstElementChild?.childNodes ?? [])]
          .map((part) => part.textContent?.trim())
          .filter((part) => part !== "")
          .join(" "),
      ),
    ),
  );
}

/** Waits until the text there fits; polling brings it within two seconds. */
async function said(page: Page, selector: string, pattern: RegExp): Promise<void> {
  const wanted = { selector, source: pattern.source, flags: pattern.flags };
  const found = page.waitForFunction(({ selector, source, flags }) => {
    const said = document.querySelector(selector)?.textContent ?? "";
    return new RegExp(source, flags).test(said);
  }, wanted);
  await found.catch(async (error) => {
    throw new Error(`${selector} says: ${await text(page, selector)}`, { cause: error });
  });
}

/** Segment has taken so many messages, and all of it is stored. */
async function delivered(count: number): Promise<void> {
  for (const deadline = Date.now() + 60_000; ; await new Promise((done) => setTimeout(done, 50))) {
    const { syncs, partitions, deadLetters } = await json<Status>("/status");
    const taken = syncs.reduce((sum, { messages_delivered }) => sum + messages_delivered, 0);
    const isStored = partitions.length === 2 && partitions.every(({ lag }) => lag.records === 0);
    if (taken === count && isStored && deadLetters.total === 2) return;
    if (Date.now() > deadline) throw new Error(`${taken} messages are delivered, of ${count}`);
  }
}

test.run();
