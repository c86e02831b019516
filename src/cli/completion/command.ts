import { command, USAGE_EXIT_CODE } from "../command.ts";
import { bashCompletion } from "./bash.ts";
import { zshCompletion } from "./zsh.ts";

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion };

export const completionCommand = command({
  name: "completion",
  summary: "print a script for shell completion",
  description:
    "Prints a script that completes commands, options and files. Load it in ~/.bashrc or, after compinit, in ~/.zshrc.",
  argument: {
    name: "SHELL",
    description: "bash or zsh",
    isRequired: true,
    choices: Object.keys(SCRIPTS),
  },
  options: {},
  example: "source <(cdc-to-segment completion bash)",
  exitCodes: { 0: "The script is printed.", ...USAGE_EXIT_CODE },
  run: async (_values, shell, commands) => {
    process.stdout.write(SCRIPTS[shell as keyof typeof SCRIPTS](commands));
  },
});
