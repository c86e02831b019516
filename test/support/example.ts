import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { cdcToSegment } from "./command-line.ts";

const ROOT = new URL("../../examples/", import.meta.url).pathname;

/** The write key is part of every message id, so the expected messages hold for this one alone. */
export const WRITE_KEY = "example";

export function directoryOf(example: string): string {
  return join(ROOT, example);
}

export function fileOf(example: string, name: string): string {
  return readFileSync(join(ROOT, example, name), "utf8");
}

/** The arguments of the `preview` command in the README of an example. */
function previewArguments(example: string): readonly string[] {
  const [, args] = /^cdc-to-segment (preview .+)$/m.exec(fileOf(example, "README.md")) ?? [];
  if (args === undefined) throw new Error(`the README of ${example} has no preview command`);
  return args.split(" ");
}

/** Runs that command in the directory of the example, as a reader does, and compares all of its output. */
export async function assertPreview(example: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
  const { code, stdout, stderr } = await cdcToSegment(
    previewArguments(example),
    { SEGMENT_WRITE_KEY: WRITE_KEY, ...env },
    directoryOf(example),
  );
  assert.is(code, 0, stderr);
  assert.equal(stdout.split("\n"), fileOf(example, "expected.ndjson").split("\n"));
}
