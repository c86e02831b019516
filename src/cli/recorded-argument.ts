import type { Argument } from "./command.ts";

export const RECORDED_INPUT: Argument = {
  name: "INPUT",
  description:
    "a recorded file, or - for standard input: the output of `record` or of `kcat -C -J`, also gzipped",
  isRequired: true,
};
