import { type Argument, type Command, GLOBAL, HELP, type Options, PROGRAM } from "./command.ts";

const WIDTH = 100;

export const DESCRIPTION =
  "Sends the row changes of Debezium topics in Kafka to Twilio Segment as identify and track calls.";

/** The help without a command. */
export function programHelp(commands: readonly Command[]): string {
  return join([
    [DESCRIPTION],
    [`Usage: ${PROGRAM} COMMAND [OPTIONS]`],
    ["Commands:", ...table(commands.map(({ name, summary }) => [name, summary]))],
    ["Options:", ...table(optionRows(GLOBAL))],
    [
      `\`${PROGRAM} COMMAND --help\` prints the options, an example and the exit codes of a command.`,
    ],
  ]);
}

export function commandHelp(command: Command): string {
  const { argument, description, options, example, exitCodes } = command;
  return join([
    [`Usage: ${usage(command)}`],
    wrap(description, WIDTH),
    ...(argument ? [["Arguments:", ...table([[argument.name, argument.description]])]] : []),
    ["Options:", ...table(optionRows({ ...options, ...HELP }))],
    ["Example:", ...example.split("\n").map((line) => `  ${line}`)],
    ["Exit codes:", ...table(Object.entries(exitCodes))],
  ]);
}

/** The command with its argument, required options and whether it has others. */
export function usage({ name, argument, options }: Command): string {
  const required = Object.entries(options)
    .filter(([, { isRequired }]) => isRequired)
    .map(([option, { value }]) => `--${option} ${value}`);
  const hasOthers = Object.keys(options).length > required.length;
  return [
    ...[PROGRAM, name, ...required],
    ...(hasOthers ? ["[OPTIONS]"] : []),
    ...(argument ? [argumentText(argument)] : []),
  ].join(" ");
}

/** Each option as it is written, and what it does. */
export function optionRows(options: Options): readonly (readonly [string, string])[] {
  return Object.entries(options).map(([name, { value, description, ...option }]) => {
    const notes = [
      ...(option.isRequired ? ["required"] : []),
      ...(option.requires ? [`with --${option.requires}`] : []),
      ...(option.default === undefined ? [] : [`default: ${option.default}`]),
    ];
    const flag = `${name === "help" ? "-h, " : ""}--${name}${value ? ` ${value}` : ""}`;
    return [flag, notes.length > 0 ? `${description} (${notes.join("; ")})` : description];
  });
}

function argumentText({ name, isRequired }: Argument): string {
  return isRequired ? name : `[${name}]`;
}

function table(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.flatMap(([name, text]) =>
    wrap(text, WIDTH - width - 4).map((line, i) => `  ${(i ? "" : name).padEnd(width)}  ${line}`),
  );
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function join(sections: readonly (readonly string[])[]): string {
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}
