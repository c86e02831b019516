import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { withReference } from "../../../src/cli/reference.ts";

const s = suite("docs/reference/cli.md");
const page = readFileSync(new URL("../../../docs/reference/cli.md", import.meta.url), "utf8");

s("should be what `npm run docs` writes", () => {
  assert.is(page, withReference(page, COMMANDS));
});

s("should have one block for each command", () => {
  const without = page.replace("<!-- command run -->", "");
  assert.throws(() => withReference(without, COMMANDS), /needs one block .*command run/s);
  assert.throws(() => withReference(page + page, COMMANDS), /needs one block/);
});

s.run();
