import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSettings } from "../../../src/config/read.ts";
import { type CdcError, messageOf } from "../../../src/lib/errors.ts";

const s = suite("config: values from the environment");

function read(writeKey: string, environment: NodeJS.ProcessEnv = {}) {
  const text = `name: \${NAME:-acme}
segment:
  writeKey: ${writeKey}
  linger: \${LINGER:-5ms}
models: {m: {topic: t}}
syncs: {s: {model: m, type: identify, userId: id}}
`;
  return parseSettings(text, "c.yaml", environment);
}

const EXPANDED: readonly (readonly [
  text: string,
  environment: NodeJS.ProcessEnv,
  value: string,
])[] = [
  ["${KEY}", { KEY: "k1" }, "k1"],
  ["a-${KEY}-b", { KEY: "k1" }, "a-k1-b"],
  ["${KEY}${OTHER}", { KEY: "k1", OTHER: "k2" }, "k1k2"],
  ["${KEY:-fallback}", {}, "fallback"],
  ["${KEY:-fallback}", { KEY: "" }, "fallback"],
  ["${KEY:-fallback}", { KEY: "k1" }, "k1"],
  ["x${KEY:-}", {}, "x"],
  ["$${KEY}", { KEY: "k1" }, "${KEY}"],
  ["$KEY", { KEY: "k1" }, "$KEY"],
];

for (const [text, environment, value] of EXPANDED) {
  s(`should read ${text} with ${JSON.stringify(environment)}`, () => {
    assert.is(read(text, environment).segment.writeKey, value);
  });
}

s("should not parse values from the environment as YAML", () => {
  const text = `name: acme
segment: {writeKey: k}
deadLetters:
  file: \${KEY}
models: {m: {topic: t}}
syncs: {s: {model: m, type: identify, userId: id}}
`;
  const KEY = "a: [b]\n# c ${OTHER}";
  assert.is(parseSettings(text, "c.yaml", { KEY }).deadLetters.file, KEY);
});

for (const key of ["", "k1\n", " k1", "k 1", "k\u0000", "k\u00e9"]) {
  s(`should reject the write key ${JSON.stringify(key)} without showing it`, () => {
    assert.throws(
      () => read("${KEY:-}", { KEY: key }),
      (error: CdcError) =>
        error.code === "CONFIGURATION" &&
        /segment\.writeKey: .*write the key alone/.test(error.message) &&
        (key === "" || !error.message.includes(key.trim())),
    );
  });
}

s("should read durations from the environment", () => {
  assert.is(read("k", { LINGER: "7ms" }).segment.linger, 7);
  assert.is(read("k").segment.linger, 5);
});

s("should name an unset variable, its line and both ways to fix it", () => {
  let message = "";
  try {
    read("${KEY}", {});
  } catch (error) {
    message = messageOf(error);
  }
  assert.match(
    message,
    /c\.yaml:3: segment\.writeKey: .*KEY is not set; set it, or write \$\{KEY:-default\}/,
  );
});

const UNSET = [
  '{writeKey: "${KEY}"}',
  '{writeKey: k, linger: "${KEY}"}',
  '{writeKey: k, timeout: "${KEY}"}',
  '{writeKey: k, url: "https://${KEY}/"}',
];

for (const segment of UNSET) {
  s(`should report an unset variable once: ${segment}`, () => {
    const problems = problemsOf(`segment: ${segment}`);
    assert.is(problems.length, 1, problems.join("\n"));
    assert.match(problems.join(), "KEY is not set");
  });
}

for (const [sync, lines] of [
  ['userId: "${KEY}"', 1],
  ['userId: {cel: "${KEY}"}', 1],
  ['userId: id, traits: {a: {cel: "${KEY}"}}', 1],
  ['userId: id, traits: [a, "${KEY}"]', 1],
  ['userId: id, traits: {a: "${KEY}"}', 1],
  ['userId: "${KEY}", trait: 5', 2],
] as const) {
  s(`should report an unset variable once, besides other mistakes: ${sync}`, () => {
    const problems = problemsOf("segment: {writeKey: k}", sync);
    assert.is(problems.length, lines, problems.join("\n"));
    assert.match(problems.join(), "KEY is not set");
  });
}

s("should report an unset variable once in a value of several forms", () => {
  const model = '{topic: t, columns: {a: {type: "${KEY}"}}}';
  const problems = problemsOf("segment: {writeKey: k}", "userId: id", model);
  assert.is(problems.length, 1, problems.join("\n"));
  assert.match(problems.join(), "KEY is not set");
});

function problemsOf(segment: string, sync = "userId: id", model = "{topic: t}"): readonly string[] {
  const text = `name: acme\n${segment}
models: {m: ${model}}
syncs: {s: {model: m, type: identify, ${sync}}}`;
  try {
    parseSettings(text, "c.yaml", {});
  } catch (error) {
    return messageOf(error).split("\n");
  }
  return [];
}

s("should not show the value of a variable in an error", () => {
  const secret = () => read("k\n  region: ${KEY}@", { KEY: "hunter2" });
  assert.throws(secret, (error: Error) => !error.message.includes("hunter2"));
});

s.run();
