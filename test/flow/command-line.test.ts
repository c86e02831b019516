import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../../src/cli/commands.ts";
import { cdcToSegment, start } from "../support/command-line.ts";

/** The command line as a user and a shell see it. */

const s = suite("command line");
const EXAMPLE = "examples/01-identify";
const directory = mkdtempSync(join(tmpdir(), "command-line-"));
const script = join(directory, "completion.bash");

s.before(async () => {
  writeFileSync(script, (await cdcToSegment(["completion", "bash"])).stdout);
});

s.after(() => rmSync(directory, { recursive: true }));

s("--help should print every command to stdout", async () => {
  const { code, stdout, stderr } = await cdcToSegment(["--help"]);
  assert.equal([code, stderr], [0, ""]);
  for (const { name, summary } of COMMANDS)
    assert.match(stdout, new RegExp(`^ {2}${name} +${escaped(summary)}$`, "m"));
});

s("without a command it should print the same to stderr, and fail", async () => {
  const { code, stdout, stderr } = await cdcToSegment([]);
  assert.equal([code, stdout], [2, ""]);
  const help = await cdcToSegment(["--help"]);
  assert.ok(stderr.startsWith(help.stdout));
  assert.match(stderr, /\nARGUMENTS: no command given/);
});

for (const { name, options, example, exitCodes } of COMMANDS)
  s(`${name} --help should print usage, options, example and exit codes to stdout`, async () => {
    const { code, stdout, stderr } = await cdcToSegment([name, "--help"]);
    assert.equal([code, stderr], [0, ""]);
    assert.ok(stdout.startsWith(`Usage: cdc-to-segment ${name}`), stdout);
    for (const option of Object.keys(options))
      assert.match(stdout, new RegExp(`^ {2}--${option} `, "m"));
    for (const { default: value } of Object.values(options))
      if (value !== undefined) assert.match(stdout, new RegExp(`default:\\s${value}`));
    assert.ok(stdout.includes(`Example:\n  ${example}\n`), stdout);
    for (const exitCode of Object.keys(exitCodes))
      assert.match(stdout, new RegExp(`^ {2}${exitCode} {2}[A-Z]`, "m"));
    assert.ok(Math.max(...stdout.split("\n").map((line) => line.length)) <= 100, stdout);
  });

s("--version should print the version of the package", async () => {
  const { code, stdout } = await cdcToSegment(["--version"]);
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  assert.equal([code, stdout], [0, `${version}\n`]);
});

s("an unknown option should fail with the nearest name, and read nothing", async () => {
  const { code, stdout, stderr } = await cdcToSegment(["preview", "--confg", "missing.yaml", "x"]);
  assert.equal([code, stdout], [2, ""]);
  assert.match(stderr, 'unknown option --confg of preview; did you mean "--config"?');
});

for (const [args, text] of [
  [["record", "--config", "x", "--limit", "0"], /--limit is "0"; write a number of records/],
  [
    ["check", "--config", "x", "--connect", "--outage", "3"],
    /--outage is "3"; write a number and a unit/,
  ],
  [["explain", "--config", "x", "--model", "m"], /explain needs --key JSON, or --record FILE/],
] as const)
  s(`${args.join(" ")} should be rejected before the settings are read`, async () => {
    const { code, stdout, stderr } = await cdcToSegment(args);
    assert.equal([code, stdout], [2, ""]);
    assert.match(stderr, text);
  });

s("preview should fail when it is stopped before the end of its input", async () => {
  const config = join(EXAMPLE, "config.yaml");
  const { child, ended } = start(["preview", "--config", config, "-"], {
    SEGMENT_WRITE_KEY: "key",
  });
  const input = child.stdin as Writable;
  input.on("error", () => {}); // closed by the end of the process
  const lines = endlessRecords();
  const feeding = setInterval(() => input.write(lines.next().value), 1);
  await once(child.stdout as Readable, "data");
  child.kill("SIGTERM");
  const { code, stderr } = await ended;
  clearInterval(feeding);
  assert.is(code, 1, stderr);
  assert.match(stderr, /stopped before the end of the input/);
});

for (const [words, expected] of [
  [[""], [...COMMANDS.map(({ name }) => name), "--help", "--version"]],
  [["re"], ["replay", "record", "redrive"]],
  [["--v"], ["--version"]],
  [
    ["check", "--con"],
    ["--config", "--connect"],
  ],
  [
    ["run", ""],
    ["--config", "--rebuild", "--help"],
  ],
  [
    ["completion", ""],
    ["bash", "zsh"],
  ],
  [["completion", "--"], ["--help"]],
  [["check", "--connect", "--outage", ""], []],
  [["unheard", ""], []],
  [["preview", "--config", ""], ["compopt -o default"]],
  [["preview", ""], ["compopt -o default"]],
] as const)
  s(`bash should complete: ${words.join(" ") || "(nothing)"}`, () => {
    assert.equal(bashCompletions(words).toSorted(), [...expected].toSorted());
  });

s.run();

/** What the script gives readline for the last word; `compopt`, which works under readline only, is replaced. */
function bashCompletions(words: readonly string[]): readonly string[] {
  const program = [
    `source "$0"`,
    `complete -p cdc-to-segment | grep -q -- "-F _cdc_to_segment" || exit 1`,
    `compopt() { echo "compopt $*"; }`,
    `COMP_WORDS=(cdc-to-segment "$@"); COMP_CWORD=$#`,
    "_cdc_to_segment",
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join("\n");
  const output = execFileSync("bash", ["--norc", "-c", program, script, ...words], {
    encoding: "utf8",
  });
  return output.split("\n").filter(Boolean);
}

/** One record of the example at ever higher offsets, a hundred lines at a time. */
function* endlessRecords(): Generator<string, never> {
  const [first = ""] = readFileSync(join(EXAMPLE, "users.ndjson"), "utf8").split("\n");
  const record = JSON.parse(first);
  for (let offset = 0; ; offset += 100) {
    const lines = Array.from({ length: 100 }, (_, i) => ({ ...record, offset: offset + i }));
    yield lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
