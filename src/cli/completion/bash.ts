import { type Command, GLOBAL, HELP, type Options } from "../command.ts";

/** Where a file is expected, readline completes it, with its own quoting. */
const FILES = "compopt -o default 2> /dev/null";

/** A script for bash 4 or newer. */
export function bashCompletion(commands: readonly Command[]): string {
  const names = [...commands.map(({ name }) => name), ...flags(GLOBAL)];
  return `# Completion of cdc-to-segment for bash.
_cdc_to_segment() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} words
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    words="${names.join(" ")}"
  else
    case \${COMP_WORDS[1]} in
${commands.map(ofCommand).join("\n")}
    *) return ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _cdc_to_segment cdc-to-segment
`;
}

function ofCommand({ name, options, argument }: Command): string {
  const withValue = Object.entries(options).filter(([, { value }]) => value !== undefined);
  const [files, others] = [
    withValue.filter(([, { value }]) => value === "FILE"),
    withValue.filter(([, { value }]) => value !== "FILE"),
  ].map((found) => found.map(([option]) => `--${option}`).join(" | "));
  const ofValue = [
    ...(files ? [`      ${files}) ${FILES}; return ;;`] : []),
    ...(others ? [`      ${others}) return ;;`] : []),
  ];
  const ofArgument = argument?.choices
    ? `words="${argument.choices.join(" ")}"`
    : argument
      ? `${FILES}; return`
      : "";
  const lines = [
    `    ${name})`,
    ...(ofValue.length > 0 ? ["      case $previous in", ...ofValue, "      esac"] : []),
    `      words="${flags({ ...options, ...HELP }).join(" ")}"`,
    ...(ofArgument ? [`      if [[ $word != -* ]]; then ${ofArgument}; fi`] : []),
    "      ;;",
  ];
  return lines.join("\n");
}

function flags(options: Options): readonly string[] {
  return Object.keys(options).map((option) => `--${option}`);
}
