import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSettings } from "../../../src/config/read.ts";
import { cdcToSegment } from "../../support/command-line.ts";
import { codeBlocks, PAGES } from "../../support/pages.ts";

const s = suite("docs: examples");

const GUIDE = "docs/getting-started.md";
const ENVIRONMENT = { SEGMENT_WRITE_KEY: "none" };

function completeSettingsIn(page: string): readonly string[] {
  return codeBlocks(page, "yaml").filter((block) => /^name: /m.test(block));
}

s("complete settings should be valid", () => {
  const found = PAGES.flatMap((page) => completeSettingsIn(page).map((block) => ({ page, block })));
  assert.ok(found.length >= 2);
  for (const { page, block } of found) parseSettings(block, page, ENVIRONMENT);
});

s("getting started should use the README's settings", () => {
  assert.equal(completeSettingsIn(GUIDE), completeSettingsIn("README.md"));
});

s(
  "the README's messages should be those of its settings and of the records in getting started",
  async () => {
    const [settings = ""] = completeSettingsIn("README.md");
    const [records = ""] = codeBlocks(GUIDE, "json");
    const directory = mkdtempSync(join(tmpdir(), "docs-"));
    try {
      const [config, input] = [join(directory, "config.yaml"), join(directory, "users.ndjson")];
      writeFileSync(config, settings);
      writeFileSync(input, records);
      const { code, stdout, stderr } = await cdcToSegment(
        ["preview", "--config", config, input],
        ENVIRONMENT,
      );
      assert.is(code, 0, stderr);
      const [shown = ""] = codeBlocks("README.md", "json");
      assert.equal(linesOf(stdout).map(withoutIdAndTime), linesOf(shown));
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);

function linesOf(text: string): readonly { readonly [member: string]: unknown }[] {
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function withoutIdAndTime(message: { readonly [member: string]: unknown }) {
  const { timestamp, messageId, ...shown } = message;
  assert.ok(typeof timestamp === "string" && typeof messageId === "string");
  return shown;
}

s.run();
