import { suite } from "uvu";
import * as assert from "uvu/assert";
import { maskedSettings } from "../../../src/config/masked-settings.ts";
import { parseSettings } from "../../../src/config/read.ts";
import { leaksIn, SECRETS } from "../../support/secrets.ts";

const s = suite("config: settings with masked secrets");

/** Every setting that is a secret, and settings that repeat one by mistake. */
const TEXT = JSON.stringify({
  name: "shop",
  kafka: {
    brokers: ["kafka:9092"],
    sasl: { mechanism: "plain", username: "app", password: SECRETS.sasl },
    schemaRegistry: { url: "http://registry", username: "app", password: SECRETS.registry },
  },
  segment: { writeKey: SECRETS.writeKey },
  models: { users: { topic: "users", where: `row.key != '${SECRETS.plain}'` } },
  syncs: {
    session: {
      model: "users",
      type: "identify",
      userId: "id",
      traits: { key: { value: SECRETS.writeKey } },
    },
  },
});

s("should show settings as a file writes them, defaults included, without secrets", () => {
  const shown = maskedSettings(parseSettings(TEXT, "config.yaml", {}));
  const text = JSON.stringify(shown);
  assert.equal(
    leaksIn(text).filter((found) => !found.startsWith("plain ")),
    [],
  );
  const { segment, kafka, checkpoint, models, status } = shown as ReturnType<typeof parseSettings>;
  assert.is(segment.writeKey, "(hidden)");
  assert.is(kafka?.sasl?.password, "(hidden)");
  assert.is(kafka?.sasl?.username, "app");
  assert.is(kafka?.schemaRegistry?.password, "(hidden)");
  assert.equal([checkpoint.interval, checkpoint.bytes], ["1s", "4MB"]);
  assert.is(models.users?.keyChangeTimeout, "10s");
  assert.equal(status, { host: "127.0.0.1", port: 8686 });
});

s("should mask secrets that are too short to be found in texts", () => {
  const short = TEXT.replaceAll(JSON.stringify(SECRETS.sasl), '"abc"').replaceAll(
    JSON.stringify(SECRETS.registry),
    '"abd"',
  );
  const { kafka } = maskedSettings(parseSettings(short, "config.yaml", {})) as ReturnType<
    typeof parseSettings
  >;
  assert.equal([kafka?.sasl?.password, kafka?.schemaRegistry?.password], ["(hidden)", "(hidden)"]);
});

s("should not show settings that are missing", () => {
  const shown = maskedSettings(parseSettings(least("{}"), "config.yaml", {}));
  assert.not("kafka" in shown);
  assert.not.match(JSON.stringify(shown), /0123/);
});

for (const [text, found] of [
  ['"off"', "off"],
  ["{}", { host: "127.0.0.1", port: 8686 }],
  ['{"port": "${PORT}"}', { host: "127.0.0.1", port: 9 }],
] as const) {
  s(`should read the status port ${text}`, () => {
    assert.equal(parseSettings(least(text), "config.yaml", { PORT: "9" }).status, found);
  });
}

function least(status: string): string {
  const sync = '{"model": "users", "type": "identify", "userId": "id", "traits": ["a"]}';
  const users = '{"users": {"topic": "users"}}';
  return `{"name": "shop", "segment": {"writeKey": "key-0123"}, "status": ${status}, "models": ${users}, "syncs": {"profile": ${sync}}}`;
}

s.run();
