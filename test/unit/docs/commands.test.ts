import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cdcToSegment } from "../../support/command-line.ts";
import { matches, PAGES, proseOf, readPage } from "../../support/pages.ts";

const s = suite("docs: commands");

const usage = await helpOf();
const COMMANDS = matches(/^ {2}(?:cdc-to-segment )?([a-z]+) /gm, usage);
const help = new Map(
  await Promise.all(COMMANDS.map(async (name) => [name, await helpOf(name)] as const)),
);

async function helpOf(...command: string[]): Promise<string> {
  const { stdout, stderr } = await cdcToSegment([...command, "--help"]);
  return stdout + stderr;
}

/** Command lines in code: `cdc-to-segment COMMAND ...` anywhere, and inline code that starts with a command and has options. */
function commandLinesIn(page: string): readonly string[] {
  const named = matches(/\bcdc-to-segment ([a-z]+[^\n`|>]*)/g, readPage(page));
  const inline = matches(/`([a-z]+ -[^`]*)`/g, proseOf(page));
  return [...named, ...inline.filter((line) => COMMANDS.includes(line.split(" ")[0] ?? ""))];
}

s("should know the commands", () => {
  assert.ok(COMMANDS.includes("run") && COMMANDS.includes("explain"), COMMANDS.join());
});

for (const page of PAGES)
  s(`${page} should show commands and options that exist`, () => {
    for (const line of commandLinesIn(page)) {
      const [name = ""] = line.split(" ");
      // Prose may continue after the program's name.
      if (!help.has(name)) {
        assert.not.match(line, /--/, `${page}: ${line}`);
        continue;
      }
      for (const option of matches(/--[a-z][a-z-]+/g, line))
        assert.match(help.get(name) ?? "", new RegExp(`${option}(?![\\w-])`), `${page}: ${line}`);
    }
  });

s("the command line reference should have every command and option", () => {
  const reference = readPage("docs/reference/cli.md");
  for (const name of COMMANDS) assert.ok(reference.includes(`\n## ${name}\n`), name);
  for (const option of matches(/--[a-z][a-z-]+/g, usage + [...help.values()].join()))
    assert.ok(reference.includes(option), option);
});

s.run();
