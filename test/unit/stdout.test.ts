import { globSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";

/** Standard output carries the results of a command. A log line or a debug print among them would break its reader. */
const WRITES = /\bconsole\.|\bprocess\.stdout\b/;

const ROOT = new URL("../../", import.meta.url).pathname;

const s = suite("standard output");

s("should be written by src/cli only", () => {
  const others = globSync("src/**/*.ts", { cwd: ROOT }).filter(
    (file) => !file.startsWith("src/cli/") && file !== "src/main.ts",
  );
  assert.ok(others.length > 100, "the sources were found");
  const writers = others.filter((file) => WRITES.test(readFileSync(`${ROOT}${file}`, "utf8")));
  assert.equal(writers, []);
});

s.run();
