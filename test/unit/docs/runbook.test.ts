import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readPage } from "../../support/pages.ts";

const s = suite("docs: runbook");

for (const question of [
  "It is behind",
  "An event is missing",
  "An event is wrong",
  "Segment is down",
  "We lost the disk",
])
  s(`"${question}" should be answered in under ten lines`, () => {
    const [, section = ""] = readPage("docs/operations/runbook.md").split(`## ${question}\n`);
    const lines = section.split("\n## ")[0]?.trim().split("\n") ?? [];
    assert.ok(lines.length > 3 && lines.length < 10, `${lines.length} lines`);
  });

s.run();
