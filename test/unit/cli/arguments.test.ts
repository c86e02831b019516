import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseArguments } from "../../../src/cli/arguments.ts";
import { command } from "../../../src/cli/command.ts";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { CdcError } from "../../../src/lib/errors.ts";

const s = suite("arguments of the command line");

const about = { summary: "", description: "", example: "", exitCodes: {} };

const copy = command({
  ...about,
  name: "copy",
  argument: { name: "SOURCE", description: "a file", isRequired: true },
  options: {
    target: { value: "FILE", description: "", isRequired: true },
    times: { value: "N", description: "", default: "1", requires: "fast" },
    fast: { description: "" },
  },
  run: async () => {},
});
const paint = command({
  ...about,
  name: "paint",
  argument: {
    name: "COLOUR",
    description: "red or blue",
    isRequired: true,
    choices: ["red", "blue"],
  },
  options: {},
  run: async () => {},
});
const list = command({ ...about, name: "list", options: {}, run: async () => {} });

s("should give each option its value, its default, false or nothing", () => {
  assert.equal(parsed("copy --target a b"), {
    values: { target: "a", times: "1", fast: false },
    argument: "b",
  });
  assert.equal(parsed("copy b --target=a --fast --times 3"), {
    values: { target: "a", times: "3", fast: true },
    argument: "b",
  });
  assert.equal(parsed("list"), { values: {}, argument: "" });
});

s("should accept options before the command, and a dash as a value", () => {
  assert.equal(parsed("--target - copy -"), {
    values: { target: "-", times: "1", fast: false },
    argument: "-",
  });
});

s("should ask for help before it misses anything", () => {
  for (const args of ["copy --help", "copy -h", "--help copy", "copy --target a --help b c"])
    assert.equal(request(args), { kind: "help", command: copy }, args);
  for (const args of ["--help", "-h"])
    assert.equal(request(args), { kind: "help", command: null }, args);
  assert.equal(request("--version"), { kind: "version" });
  assert.equal(request(""), { kind: "nothing", command: null });
});

for (const [args, text] of [
  ["cpoy", 'unknown command "cpoy"; did you mean "copy"?; see cdc-to-segment --help'],
  [
    "transpose",
    'unknown command "transpose"; commands: copy, paint, list; see cdc-to-segment --help',
  ],
  ["cpoy --help", 'unknown command "cpoy"; did you mean "copy"?; see cdc-to-segment --help'],
  [
    "copy --traget a b",
    'unknown option --traget of copy; did you mean "--target"?; see cdc-to-segment copy --help',
  ],
  [
    "list --fast",
    "unknown option --fast of list; options of list: --help; see cdc-to-segment list --help",
  ],
  ["--verison", 'unknown option --verison; did you mean "--version"?; see cdc-to-segment --help'],
  ["copy b", "copy needs --target FILE; see cdc-to-segment copy --help"],
  ["copy --target a", "copy needs SOURCE: a file; see cdc-to-segment copy --help"],
  [
    "copy --target a b c d",
    'copy does not accept the argument "c d"; see cdc-to-segment copy --help',
  ],
  ["list a", 'list does not accept the argument "a"; see cdc-to-segment list --help'],
  ["copy --target a b --times 2", "--times requires --fast; see cdc-to-segment copy --help"],
  ["paint green", 'COLOUR is "green"; write red or blue; see cdc-to-segment paint --help'],
] as const)
  s(`should reject ${args}`, () => {
    assert.is(rejection(args), text);
  });

s("should reject an option without its value, and a flag with one", () => {
  assert.match(rejection("copy b --target"), /--target.*argument missing/);
  assert.match(rejection("copy --target a b --fast=yes"), /--fast.*does not take an argument/);
});

for (const { name, example } of COMMANDS)
  s(`should understand the example of ${name}`, () => {
    const [, args = ""] = /cdc-to-segment ([^)>]*)/.exec(example) ?? [];
    const words = args.trim().split(" ");
    const found = parseArguments(words, COMMANDS);
    assert.equal([found.kind, found.kind === "run" && found.command.name], ["run", name]);
  });

s("should have one type for each option name, as options may come before the command", () => {
  const types = new Map<string, boolean>();
  for (const { options } of COMMANDS)
    for (const [name, { value }] of Object.entries(options)) {
      const hasValue = value !== undefined;
      assert.is(types.get(name) ?? hasValue, hasValue, name);
      types.set(name, hasValue);
    }
});

s.run();

function request(args: string) {
  return parseArguments(args.split(" ").filter(Boolean), [copy, paint, list]);
}

function parsed(args: string) {
  const found = request(args);
  if (found.kind !== "run") throw new Error(`${args}: ${found.kind}`);
  return { values: found.values, argument: found.argument };
}

function rejection(args: string): string {
  try {
    request(args);
  } catch (error) {
    assert.is(error instanceof CdcError && error.code, "ARGUMENTS");
    return (error as Error).message;
  }
  throw new Error(`accepted: ${args}`);
}
