import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GENERATED_FILES } from "../../../src/cli/generated-files.ts";

const s = suite("cli: generated files");

for (const { path, content } of GENERATED_FILES) {
  s(`${path} should be what \`npm run docs\` writes`, () => {
    const current = readFileSync(path, "utf8");
    assert.is(current, content(current));
  });
}

s.run();
