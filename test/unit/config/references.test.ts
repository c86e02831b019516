import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSettings } from "../../../src/config/read.ts";
import { nearest } from "../../../src/config/suggest.ts";
import { messageOf } from "../../../src/lib/errors.ts";

const s = suite("config: settings that refer to each other");

function problems(models: string, syncs: string): string {
  const text = `name: a\nsegment: {writeKey: k}\nmodels:\n${models}\nsyncs:\n${syncs}\n`;
  try {
    parseSettings(text, "c.yaml", {});
    return "";
  } catch (error) {
    return messageOf(error);
  }
}

const IDENTIFY = "  t: {model: m, type: identify, userId: id}";

for (const setting of [
  "key: [id]",
  "columns: {a: json}",
  "beforeImage: full",
  "unavailableValue: x",
  "onTruncate: ignore",
]) {
  const name = setting.slice(0, setting.indexOf(":"));
  s(`should require the same ${name} in two models over one topic`, () => {
    const models = `  m: {topic: a}\n  n: {topics: [b, a], ${setting}}`;
    assert.match(
      problems(models, IDENTIFY),
      new RegExp(`models\\.n\\.${name}: .*"m" and "n".*write the same`),
    );
    assert.is(problems(`  m: {topic: a, ${setting}}\n  n: {topic: a, ${setting}}`, IDENTIFY), "");
    assert.is(problems(`  m: {topic: a}\n  n: {topic: b, ${setting}}`, IDENTIFY), "");
  });
}

s("should accept different filters in two models over one topic", () => {
  const models = "  m: {topic: a, where: row.x == 1}\n  n: {topic: a, where: row.x == 2}";
  assert.is(problems(models, IDENTIFY), "");
});

const MODELS = "  m: {topic: a}\n  n: {topics: [b, a]}\n  o: {topic: c}";
const using = (name: string, model: string, column: string) =>
  `  ${name}: {model: ${model}, type: identify, userId: id, messageId: ${column}}`;

s("should reject one messageId column in two syncs over one topic", () => {
  const found = problems(MODELS, `${using("x", "m", "eid")}\n${using("y", "n", "eid")}`);
  assert.match(
    found,
    /syncs\.y\.messageId: sync "x" uses the same column.*remove messageId from one of them/,
  );
});

s("should accept two columns, or columns of two topics", () => {
  assert.is(problems(MODELS, `${using("x", "m", "eid")}\n${using("y", "n", "fid")}`), "");
  assert.is(problems(MODELS, `${using("x", "m", "eid")}\n${using("y", "o", "eid")}`), "");
});

const SUGGESTIONS: readonly (readonly [found: string, text: string])[] = [
  ["topik", 'did you mean "topic"?'],
  ["TOPIC", 'did you mean "topic"?'],
  ["propertis", 'did you mean "properties"?'],
  ["zzzzzz", "allowed here: topic, where, properties"],
];

for (const [found, text] of SUGGESTIONS) {
  s(`should suggest for ${found}: ${text}`, () =>
    assert.is(nearest(found, ["topic", "where", "properties"]), text),
  );
}

s.run();
