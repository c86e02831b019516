import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../../src/cli/commands.ts";
import { ensureZsh } from "../stack/install.ts";
import { cdcToSegment } from "../support/command-line.ts";

/** bash, which every machine has, is tested in test/flow/command-line.test.ts. */

const DRIVER = new URL("../support/zsh-completions.zsh", import.meta.url).pathname;

const test = suite("completion in zsh");
const directory = mkdtempSync(join(tmpdir(), "completion-"));
const script = join(directory, "completion.zsh");

test.before(async () => {
  await ensureZsh();
  writeFileSync(script, (await cdcToSegment(["completion", "zsh"])).stdout);
  writeFileSync(join(directory, "config one.yaml"), "");
});

test.after(() => rmSync(directory, { recursive: true }));

for (const [line, expected] of [
  ["", COMMANDS.map(({ name }) => name)],
  ["re", ["replay", "record", "redrive"]],
  ["--v", ["--version"]],
  ["run --", ["--config", "--rebuild", "--help"]],
  ["run --config x --", ["--rebuild", "--help"]],
  ["completion ", ["bash", "zsh"]],
  ["check --connect --outage ", []],
  ["preview --config conf", ["config\\ one.yaml"]],
  ["preview conf", ["config\\ one.yaml"]],
  ["unheard ", []],
] as const)
  test(`should complete: ${line || "(nothing)"}`, () => {
    const args = ["--no-rcs", DRIVER, script, `cdc-to-segment ${line}`];
    const output = execFileSync("zsh", args, { cwd: directory, encoding: "utf8", timeout: 60_000 });
    assert.equal(output.split("\n").filter(Boolean).toSorted(), [...expected].toSorted());
  });

test.run();
