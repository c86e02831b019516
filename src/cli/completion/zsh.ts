import { type Argument, type Command, GLOBAL, HELP, type Options } from "../command.ts";

/** A script for zsh: a file in `fpath`, or sourced after compinit. */
export function zshCompletion(commands: readonly Command[]): string {
  return `#compdef cdc-to-segment
# Completion of cdc-to-segment for zsh.
_cdc_to_segment() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    if [[ $words[2] == -* ]]; then
      _arguments ${specs(GLOBAL).join(" ")}
    else
      _describe command commands
    fi
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${commands.map(ofCommand).join("\n")}
  esac
}
if [[ $funcstack[1] == _cdc_to_segment ]]; then
  _cdc_to_segment "$@"
else
  compdef _cdc_to_segment cdc-to-segment
fi
`;
}

function ofCommand({ name, options, argument }: Command): string {
  const all = [...specs({ ...options, ...HELP }), ...(argument ? [argumentSpec(argument)] : [])];
  return `    ${name}) _arguments ${all.join(" ")} ;;`;
}

function specs(options: Options): readonly string[] {
  return Object.entries(options).map(([name, { value, description }]) => {
    const ofValue = value === undefined ? "" : `:${value}:${value === "FILE" ? "_files" : ""}`;
    return quoted(`--${name}[${description.replace(/[[\]\\]/g, "\\$&")}]${ofValue}`);
  });
}

function argumentSpec({ name, choices }: Argument): string {
  return quoted(`1:${name}:${choices ? `(${choices.join(" ")})` : "_files"}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
