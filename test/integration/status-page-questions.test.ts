import { suite } from "uvu";
import * as assert from "uvu/assert";
import { recordedForm } from "../../src/data/recorded-line.ts";
import type { MessagesStatus } from "../../src/status/status.ts";
import { contrasts } from "../page/contrast.ts";
import { rows, said, text } from "../page/reading.ts";
import { WatchedUsers } from "../page/watched-users.ts";
import { recordOf, TOPIC } from "../support/debezium.ts";
import { update } from "../support/table.ts";

/** What the status page finds for who asks about one user, one key or one record. */

const test = suite("questions to the status page");
let users: WatchedUsers;

test.before(async () => {
  users = await WatchedUsers.start();
});
test.after(() => users.end());

test("should find the messages of a user and of a key, and say why each was sent", async () => {
  const { page } = await users.visited();
  await page.fill("[name=user]", "3");
  await said(page, "#messages-sum", /^4 messages found/);
  const found = await rows(page, "#messages-table");
  const { messages } = await users.json<MessagesStatus>("/status/messages?user=3");
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
  const other = await users.visited({}, new URL(page.url()).search);
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
  const { page, asked, complaints } = await users.visited();
  await page.fill("[name=user]", "3");
  await page.selectOption("[name=sync]", "life");
  await said(page, "#messages-sum", /^2 messages found/);
  await page.locator("#messages-table button").first().focus();
  await page.keyboard.press("Enter");
  await said(page, "#answer pre", /^row /);
  const response = await text(page, "#answer");
  const messageId = (type: string) =>
    users.mockSegment.accepted.findLast((kept) => kept.userId === "3" && kept.type === type)
      ?.messageId;
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
    assert.ok(response.includes(words), `${words}\n${response}`);
  const headers = { accept: "text/plain" };
  const port = await fetch(`${users.url}/explain?model=users&key=%223%22`, { headers });
  assert.is(response, await port.text());
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
  const { page } = await users.visited();
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
  const refusal = await users.json<{ reason: string; toDo: string }>(
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

test.run();
