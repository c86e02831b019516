import { type Command, GLOBAL, HELP, type Options } from "./command.ts";
import { optionRows, usage } from "./help.ts";

/**
 * docs/reference/cli.md with its generated blocks: the list of commands, and for each command its usage, options, example
 * and exit codes. The text around the blocks is written by hand.
 * @throws Error where the page has no block for a command
 */
export function withReference(page: string, commands: readonly Command[]): string {
  const blocks = commands.map((command) => [`command ${command.name}`, section(command)] as const);
  return [["commands", list(commands)] as const, ...blocks].reduce(
    (text, [name, content]) => withBlock(text, name, content),
    page,
  );
}

function withBlock(page: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`];
  const [before, rest, ...others] = page.split(start);
  const after = rest?.split(end)[1];
  if (after === undefined || others.length > 0)
    throw new Error(`docs/reference/cli.md needs one block from ${start.trim()} to ${end.trim()}`);
  return `${before}${start}\n${content}\n\n${end}${after}`;
}

function list(commands: readonly Command[]): string {
  const rows = commands.map(
    ({ name, summary }) => `| [\`${name}\`](#${name}) | ${cell(summary)} |`,
  );
  return `| command | what it does |\n|---|---|\n${rows.join("\n")}\n\n${optionTable(GLOBAL)}`;
}

function section(command: Command): string {
  const { argument, description, options, example, exitCodes } = command;
  const codes = Object.entries(exitCodes).map(
    ([code, meaning]) => `| ${code} | ${cell(meaning)} |`,
  );
  return [
    `\`\`\`\n${usage(command)}\n\`\`\``,
    description,
    ...(argument ? [`\`${argument.name}\`: ${argument.description}.`] : []),
    optionTable({ ...options, ...HELP }),
    `\`\`\`sh\n${example}\n\`\`\``,
    `| exit code | meaning |\n|---|---|\n${codes.join("\n")}`,
  ].join("\n\n");
}

function optionTable(options: Options): string {
  const rows = optionRows(options).map(([flag, text]) => `| \`${flag}\` | ${cell(text)} |`);
  return `| option | meaning |\n|---|---|\n${rows.join("\n")}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
