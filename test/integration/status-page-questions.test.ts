import { suite } from "uvu";
import * as assert from "uvu/assert";
import { recordedForm } from "../../src/data/recorded-line.ts";
import type { MessagesStatus } from "../../src/status/status.ts";
import { contrasts } from "../page/contrast.ts";
import { rows, text, waitForText } from "../page/reading.ts";
import { WatchedUsers } from "../page/watched-users.ts";
import { recordOf, TOPIC } from "../support/debezium.ts";
import { update } from "../support/table.ts";

/** The status page: messages of a user or key, and explanations. */

const test = suite("the status page: filter and explain");
let users: WatchedUsers;

test.before(async () => {
  users = await WatchedUsers.start();
});
test.after(() => users.end());

test("should filter messages by user and key, and show the change of each", async () => {
  const { page } = await users.visited();
  await page.fill("[name=user]", "3");
  await waitForText(page, "#messages-summary", /^4 messages found/);
  const found = await rows(page, "#messages-table");
  const { messages } = await users.json<MessagesStatus>("/status/messages?user=3");
  assert.equal(
    found.map((cells) => [cells[1], cells[2], cells[3], cells[4]]),
    messages.map(({ sync, type, event, messageId, change: { kind, columns } }) => [
      sync,
      `${type}${event === undefined ? "" : ` “${event}”`} ${messageId}`,
      "3",
      `${kind} ${columns === null ? "" : `${columns.join(", ")} `}explain`,
    ]),
  );
  assert.is(
    found.filter(
      ([, sync, , , change]) => sync === "lifecycle" && change === "changed plan explain",
    ).length,
    1,
  );
  assert.match(found[0]?.[5] ?? "", new RegExp(`^${TOPIC}/0 @ 12 key \\["3"\\]$`));
  assert.match(found[0]?.[6] ?? "", /^HTTP 200 [\d,]+ d .*after commit$/);
  assert.match(page.url(), /\?user=3$/);

  await page.selectOption("[name=sync]", "lifecycle");
  await waitForText(page, "#messages-summary", /^2 messages found/);
  // The address can be shared.
  const other = await users.visited({}, new URL(page.url()).search);
  await waitForText(other.page, "#messages-summary", /^2 messages found/);
  assert.is(await other.page.inputValue("[name=sync]"), "lifecycle");
  await page.click("text=Show all");
  await waitForText(page, "#messages-summary", /latest 100/);
  assert.is((await rows(page, "#messages-table")).length, 17);
  await page.fill("#filter [name=key]", '["2"]');
  await waitForText(page, "#messages-summary", /^3 messages found/);
  await page.fill("[name=user]", "unknown");
  await waitForText(page, "#messages-table .empty", /No retained message matches/);
});

test("should explain the row of a message, also by keyboard", async () => {
  const { page, asked, complaints } = await users.visited();
  await page.fill("[name=user]", "3");
  await page.selectOption("[name=sync]", "lifecycle");
  await waitForText(page, "#messages-summary", /^2 messages found/);
  await page.locator("#messages-table button").first().focus();
  await page.keyboard.press("Enter");
  await waitForText(page, "#explanation pre", /^row /);
  const response = await text(page, "#explanation");
  const messageId = (type: string) =>
    users.mockSegment.accepted.findLast(
      (message) => message.userId === "3" && message.type === type,
    )?.messageId;
  for (const words of [
    `row ["3"] of model users, in ${TOPIC}/`,
    `  stored from ${TOPIC}/0@12,`,
    "  columns: id, plan, seen\n",
    "  profile (identify): member, since ",
    `    last message: identify, messageId ${messageId("identify")}, from ${TOPIC}/0@12`,
    "  lifecycle (track): member, since ",
    `    last message: changed, messageId ${messageId("track")}, from ${TOPIC}/0@12`,
    "    accepted by Segment: HTTP 200, ",
  ])
    assert.ok(response.includes(words), `${words}\n${response}`);
  const headers = { accept: "text/plain" };
  const port = await fetch(`${users.url}/explain?model=users&key=%223%22`, { headers });
  assert.is(response, await port.text());
  assert.is(await page.getAttribute("#explanation", "role"), "status");
  assert.is(await page.inputValue("#explain-form [name=key]"), '["3"]');
  assert.is(await page.evaluate(() => document.activeElement?.id), "explain-title");

  // The next focus targets are the fields: another key, and Enter.
  for (let stop = 0; stop < 2; stop++) await page.keyboard.press("Tab");
  await page.keyboard.type('"2"');
  await page.keyboard.press("Enter");
  await waitForText(
    page,
    "#explanation",
    /^row \["2"\].* {2}removed by .*lifecycle \(track\): not a member/s,
  );
  assert.equal(complaints, []);
  const requests = asked.filter((address) => address.includes("/explain?"));
  assert.ok(requests.every((address) => address.includes("values=false")));
});

test("should explain a row by its key and a record, and reject an invalid key", async () => {
  const { page } = await users.visited();
  const models = await page.locator("#explain-form [name=model] option").allTextContents();
  assert.equal(models, ["users"]);
  await page.fill("#explain-form [name=key]", '"3"');
  await page.click("#explain-form button");
  await waitForText(page, "#explanation", /^row \["3"\].*columns: id, plan, seen\n/s);
  await page.check("#explain-form [name=values]");
  await page.click("#explain-form button");
  await waitForText(page, "#explanation", /columns: id "3", plan "pro", seen 1\n/);
  await page.uncheck("#explain-form [name=values]");

  const change = update({ id: "3", plan: "team", seen: 1 }, 50);
  const line = JSON.stringify(recordedForm(recordOf({ ...change, offset: 99 })));
  await page.click("#explain summary");
  await page.fill("#explain-form [name=line]", `${line}\n`);
  await page.fill("#explain-form [name=key]", "");
  await page.click("#explain-form button");
  const wouldDo = `record ${TOPIC}/0@99 would do this:.*lifecycle columns: .*different: plan\n.*→ track `;
  await waitForText(page, "#explanation", new RegExp(`^row \\["3"\\].*${wouldDo}`, "s"));
  assert.not.match(await text(page, "#explanation"), /"team"|"pro"/);

  await page.fill("#explain-form [name=line]", "");
  await page.fill("#explain-form [name=key]", '{"id":');
  await page.click("#explain-form button");
  const rejection = await users.json<{ reason: string; toDo: string }>(
    `/explain?model=users&key=${encodeURIComponent('{"id":')}`,
  );
  assert.match(rejection.reason, /^the key \{"id": is unreadable: /);
  await waitForText(
    page,
    "#explanation",
    /Not explained: BAD_REQUEST.*What to do: .*write a key as 7, /s,
  );
  const shown = await text(page, "#explanation");
  for (const words of [rejection.reason, rejection.toDo])
    assert.ok(shown.toLowerCase().includes(words.toLowerCase()), shown);
  assert.equal(
    (await contrasts(page)).filter(({ ratio }) => ratio < 4.5),
    [],
  );
  await page.fill("#explain-form [name=key]", "unknown");
  await page.click("#explain-form button");
  await waitForText(
    page,
    "#explanation",
    /^row \["unknown"\].*the row is in none of the searched partitions/s,
  );
  assert.is(await page.getAttribute("#explanation", "data-tone"), null);
});

test.run();
