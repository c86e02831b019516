import { CdcError } from "../lib/errors.ts";
import { limitHeapGrowth } from "../lib/v8-heap.ts";
import { parseArguments } from "./arguments.ts";
import { COMMANDS } from "./commands.ts";
import { commandHelp, programHelp } from "./help.ts";
import { library } from "./version.ts";

/** Runs the command that the arguments name, or prints help or version. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  const request = parseArguments(args, COMMANDS);
  switch (request.kind) {
    case "version":
      process.stdout.write(`${library.version}\n`);
      return;
    case "help":
      process.stdout.write(request.command ? commandHelp(request.command) : programHelp(COMMANDS));
      return;
    case "nothing":
      process.stderr.write(`${programHelp(COMMANDS)}\n`);
      throw new CdcError("ARGUMENTS", "no command given; write one of the commands above");
    case "run":
      limitHeapGrowth();
      await request.command.run(request.values, request.argument, COMMANDS);
  }
}
