import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Connector, documented } from "../support/documented.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: records as the documentation of other connectors describes them");

type Story = {
  readonly connector: Connector;
  readonly key: string;
  /** The columns with the row's id and email. */
  readonly columns: readonly [id: string, email: string];
  readonly topic: string;
  readonly sent: readonly string[];
  readonly stale: number;
  readonly deadLetters: number;
};

const STORIES: readonly Story[] = [
  {
    connector: "sqlserver",
    key: "id",
    columns: ["id", "email"],
    topic: "shop.crm.dbo.users",
    sent: [
      ...["Added 1 a@x", "Added 2 b@x", "Added 3 c@x", "Changed 1 a2@x", "Changed 3 c2@x"],
      ...["Changed 3 c3@x", "Removed 2 b@x", "Removed 3 c3@x", "Added 4 c3@x"],
    ],
    // Three records are repeated. Two of them are the last of their rows and change nothing.
    stale: 1,
    deadLetters: 0,
  },
  {
    connector: "oracle",
    key: "ID",
    columns: ["ID", "EMAIL"],
    topic: "shop.CRM.USERS",
    sent: [
      ...["Added 1 a@x", "Added 2 b@x", "Added 3 c@x", "Changed 1 a2@x", "Changed 3 c2@x"],
      ...["Changed 3 c3@x", "Removed 2 b@x", "Removed 3 c3@x", "Added 4 c3@x"],
      // TRUNCATE
      ...["Removed 1 a2@x", "Removed 4 c3@x"],
    ],
    stale: 0,
    deadLetters: 0,
  },
  {
    connector: "vitess",
    key: "id",
    columns: ["id", "email"],
    topic: "shop.commerce.users",
    sent: [
      ...["Added 1 a@x", "Added 2 b@x", "Added 3 c@x", "Changed 1 a2@x", "Changed 3 c2@x"],
      ...["Changed 3 c3@x", "Removed 2 b@x", "Removed 3 c3@x", "Added 4 c3@x", "Changed 1 a3@x"],
    ],
    // Two updates of a row that no longer has that key.
    stale: 2,
    deadLetters: 0,
  },
  {
    connector: "mongodb",
    key: "id",
    columns: ["_id", "email"],
    topic: "shop.crm.users",
    sent: [
      ...["Added 01 a@x", "Added 02 b@x", "Added 03 c@x", "Changed 01 a2@x", "Changed 03 c2@x"],
      ...["Changed 03 c3@x", "Changed 01 a3@x", "Changed 01 a4@x"],
      ...["Removed 02 b@x", "Removed 03 c3@x", "Added 04 d@x"],
    ],
    stale: 1,
    deadLetters: 1,
  },
];

for (const { connector, key, columns, topic, sent, stale, deadLetters } of STORIES) {
  s(`should send each change of each row once: ${connector}`, async () => {
    const [id, email] = columns;
    const driver = await new TaskDriver({
      model: `{topic: app.public.users, key: [${key}]}`,
      syncs: `{life: {model: users, type: track, userId: ${id}, properties: {email: ${email}}, initialResults: send,
        events: {added: Added, changed: Changed, removed: Removed}}}`,
    }).start();
    const records = documented(connector).filter((record) => record.topic === topic);
    const messages = await driver.pipe(
      records.map(({ key, value, headers, timestamp }) => ({ key, value, headers, timestamp })),
    );
    assert.equal(
      messages.map(({ event, userId, properties }) =>
        [event, String(userId).replace(/^596e275826f08b2730779e/, ""), properties?.email].join(" "),
      ),
      sent,
    );
    assert.is(driver.counters.get("stale"), stale);
    await driver.stop();
    assert.is(driver.deadLetters.length, deadLetters);
  });
}

s.run();
