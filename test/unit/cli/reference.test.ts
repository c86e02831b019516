import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { cliReference } from "../../../src/cli/reference.ts";

const s = suite("docs/reference/cli.md");

s("should be what `npm run docs:cli` writes", () => {
  const page = new URL("../../../docs/reference/cli.md", import.meta.url);
  assert.is(readFileSync(page, "utf8"), cliReference(COMMANDS));
});

s.run();
