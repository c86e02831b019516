import { readSettings } from "../../config/read.ts";
import type { Question } from "../../explain/explanation.ts";
import { explanationText } from "../../explain/explanation-text.ts";
import { CdcError } from "../../lib/errors.ts";
import { InputLines } from "../../source/input-lines.ts";
import { askService } from "./ask-service.ts";
import { readFromDirectory } from "./read-from-directory.ts";

export type ExplainOptions = {
  readonly model: string;
  readonly key: string | null;
  /** A file with one recorded line, `-` for standard input. */
  readonly record: string | null;
  readonly json: boolean;
  readonly showValues: boolean;
};

/**
 * Explains why a row produced a message, or none: asks the service on this machine, or reads the state directory if none
 * responds. Read-only. The exit code is 1 if there is no state.
 */
export async function explain(config: string, options: ExplainOptions): Promise<void> {
  const settings = readSettings(config);
  const { model, key, record, json, showValues } = options;
  const line = record === null ? null : await onlyLine(record);
  const question: Question = { model, key, line, showValues };
  const { explanation, origin, deadLetters } =
    (await askService(settings, question)) ?? (await readFromDirectory(settings, question));
  process.stderr.write(`${origin}\n`);
  process.stdout.write(
    json ? `${JSON.stringify(explanation)}\n` : explanationText(explanation, deadLetters),
  );
  if (line === null && explanation.searched.length === 0) process.exitCode = 1;
}

async function onlyLine(input: string): Promise<string> {
  const lines: string[] = [];
  for await (const line of await InputLines.open(input)) {
    const text = line.toString("utf8");
    if (text.trim() !== "") lines.push(text);
    if (lines.length > 1) break;
  }
  const [only] = lines;
  if (only !== undefined && lines.length === 1) return only;
  const found = only === undefined ? "no line" : "more than one line";
  throw new CdcError(
    "ARGUMENTS",
    `--record ${input} has ${found}; pass one record, for example \`sed -n 5p recorded.ndjson | cdc-to-segment explain … --record -\``,
  );
}
