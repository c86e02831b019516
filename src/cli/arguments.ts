import { parseArgs } from "node:util";
import { nearest } from "../config/suggest.ts";
import { CdcError, messageOf } from "../lib/errors.ts";
import { type Command, GLOBAL, HELP, type Options, PROGRAM, type Values } from "./command.ts";

/** What the arguments ask for. */
export type Request =
  | { readonly kind: "version" }
  | { readonly kind: "help"; readonly command: Command | null }
  | { readonly kind: "nothing" }
  | {
      readonly kind: "run";
      readonly command: Command;
      readonly values: Values;
      readonly argument: string;
    };

/**
 * Finds the command and reads its options.
 * @throws CdcError ARGUMENTS with the nearest name where a command or an option does not exist
 */
export function parseArguments(args: readonly string[], commands: readonly Command[]): Request {
  const { given, positionals } = readLoosely(args, commands);
  const [name] = positionals;
  if (given.includes("version")) return { kind: "version" };
  const command = commands.find((one) => one.name === name) ?? null;
  const known = command ? { ...HELP, ...command.options } : optionsOf(commands);
  const unknown = given.find((option) => !Object.hasOwn(known, option));
  if (unknown !== undefined) throw unknownOption(unknown, command);
  if (name === undefined) return { kind: given.includes("help") ? "help" : "nothing", command };
  if (command === null) throw unknownCommand(name, commands);
  if (given.includes("help")) return { kind: "help", command };
  const values = readStrictly(args, command);
  return { kind: "run", command, values, argument: argumentOf(command, positionals.slice(1)) };
}

/** Without an error, so that what is unknown can be compared with the options of the command. */
function readLoosely(args: readonly string[], commands: readonly Command[]) {
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options: forNode(optionsOf(commands)),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const given = tokens.flatMap((token) => (token.kind === "option" ? [token.name] : []));
  return { given, positionals };
}

function readStrictly(args: readonly string[], command: Command): Values {
  const { name, options } = command;
  const values = parseKnown(args, command);
  for (const [option, { value, isRequired, requires }] of Object.entries(options)) {
    if (isRequired && values[option] === undefined)
      throw wrong(`${name} needs --${option} ${value}`, command);
    if (requires !== undefined && values[option] !== undefined && values[requires] === undefined)
      throw wrong(`--${option} requires --${requires}`, command);
  }
  return Object.fromEntries(
    Object.entries(options).map(([option, { value, default: absent }]) => [
      option,
      values[option] ?? (value === undefined ? false : absent),
    ]),
  );
}

function parseKnown(args: readonly string[], command: Command): Values {
  try {
    const options = forNode({ ...HELP, ...command.options });
    return parseArgs({ args: [...args], options, allowPositionals: true }).values as Values;
  } catch (error) {
    throw wrong(messageOf(error), command);
  }
}

function argumentOf(command: Command, given: readonly string[]): string {
  const { name, argument } = command;
  const [first = "", ...more] = given;
  const extra = argument ? more : given;
  if (extra.length > 0)
    throw wrong(`${name} does not accept the argument "${extra.join(" ")}"`, command);
  if (argument?.isRequired && first === "")
    throw wrong(`${name} needs ${argument.name}: ${argument.description}`, command);
  if (argument?.choices && !argument.choices.includes(first))
    throw wrong(`${argument.name} is "${first}"; write ${argument.choices.join(" or ")}`, command);
  return first;
}

function optionsOf(commands: readonly Command[]): Options {
  return Object.assign({}, GLOBAL, ...commands.map(({ options }) => options));
}

function forNode(options: Options) {
  return Object.fromEntries(
    Object.entries(options).map(([name, { value }]) => [
      name,
      {
        type: value === undefined ? ("boolean" as const) : ("string" as const),
        ...(name === "help" && { short: "h" }),
      },
    ]),
  );
}

function unknownOption(option: string, command: Command | null): CdcError {
  const known = Object.keys({ ...(command ? HELP : GLOBAL), ...command?.options });
  const flag = (name: string) => `--${name}`;
  const of = command ? ` of ${command.name}` : "";
  const hint = nearest(flag(option), known.map(flag), `options${of}`);
  return wrong(`unknown option --${option}${of}; ${hint}`, command);
}

function unknownCommand(name: string, commands: readonly Command[]): CdcError {
  const names = commands.map((command) => command.name);
  return wrong(`unknown command "${name}"; ${nearest(name, names, "commands")}`, null);
}

function wrong(text: string, command: Command | null): CdcError {
  const of = command ? ` ${command.name}` : "";
  return new CdcError("ARGUMENTS", `${text}; see ${PROGRAM}${of} --help`);
}
