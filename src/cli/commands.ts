import { checkCommand } from "./check/command.ts";
import type { Command } from "./command.ts";
import { completionCommand } from "./completion/command.ts";
import { demoCommand } from "./demo/command.ts";
import { explainCommand } from "./explain/command.ts";
import { previewCommand } from "./preview/command.ts";
import { recordCommand } from "./record/command.ts";
import { redriveCommand } from "./redrive/command.ts";
import { replayCommand } from "./replay/command.ts";
import { runCommand } from "./run/command.ts";

/** In the order of the help. */
export const COMMANDS: readonly Command[] = [
  runCommand,
  replayCommand,
  previewCommand,
  recordCommand,
  checkCommand,
  explainCommand,
  redriveCommand,
  demoCommand,
  completionCommand,
];
