import { readFileSync } from "node:fs";
import { type Document, isScalar, LineCounter, parseDocument, visit, YAMLMap } from "yaml";
import { CdcError, messageOf } from "../lib/errors.ts";
import { maskOf } from "../lib/mask-secrets.ts";
import {
  duplicateNames,
  pathOf,
  replaceBrokenAliases,
  reservedNames,
} from "./document-problems.ts";
import { expandEnvironment } from "./environment.ts";
import type { Problem } from "./problem.ts";
import { checkReferences } from "./references.ts";
import { type Settings, settingsSchema } from "./settings.ts";
import { shownPath } from "./shown-value.ts";
import { Validation } from "./validation.ts";

/**
 * Reads, expands and validates a configuration file.
 * @throws CdcError CONFIGURATION with a line for every problem: `file:line: path: what was found, what to write`
 */
export function readSettings(file: string, environment: NodeJS.ProcessEnv = process.env): Settings {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new CdcError(
      "CONFIGURATION",
      `the configuration ${file} cannot be read: ${messageOf(error)}`,
    );
  }
  return parseSettings(text, file, environment);
}

export function parseSettings(
  text: string,
  file: string,
  environment: NodeJS.ProcessEnv,
): Settings {
  const lines = new LineCounter();
  const document = parseYaml(text, file, lines);
  const expanded = expandEnvironment(document, environment);
  const mask = maskOf(expanded.values);
  const aliases = replaceBrokenAliases(document);
  const value = plain(document, file);

  const unknown = new Set([...expanded.unset, ...aliases.replaced]);
  const validation = new Validation(document, unknown, mask);
  const root = isEmpty(document) ? new YAMLMap() : document.contents;
  const validated = validation.validate(settingsSchema, root, { path: [], offset: 0 });
  const problems = [
    ...expanded.problems,
    ...aliases.problems,
    ...reservedNames(document),
    ...duplicateNames(document, lines),
    ...validated.problems,
    ...checkReferences(validated.value),
  ];
  if (problems.length === 0) return settingsSchema.parse(value);

  const report = problems
    .map((problem) => ({ ...problem, line: lineOf(document, lines, problem) }))
    .sort((a, b) => a.line - b.line)
    .map(({ path, text, line }) => `${file}:${line}: ${shownPath(path) || "(top)"}: ${text}`);
  throw new CdcError("CONFIGURATION", mask(report.join("\n")));
}

/** @throws CdcError CONFIGURATION with a line for every syntax error */
function parseYaml(text: string, file: string, lineCounter: LineCounter): Document {
  // Both would print parts of the file: the lines around an error, and keys that are no text.
  const output = { prettyErrors: false, logLevel: "error" } as const;
  const document = parseDocument(text, { lineCounter, uniqueKeys: false, ...output });
  if (document.errors.length === 0) return document;
  const report = document.errors.map(
    ({ pos, message }) =>
      `${file}:${lineCounter.linePos(pos[0]).line}: not YAML: ${unquoted(message)}`,
  );
  throw new CdcError("CONFIGURATION", [...new Set(report)].join("\n"));
}

/** @throws CdcError CONFIGURATION where aliases repeat too much */
function plain(document: Document, file: string): unknown {
  try {
    return document.toJS() ?? {};
  } catch (error) {
    const text = unquoted(messageOf(error));
    throw new CdcError("CONFIGURATION", `${file}: not YAML that can be read: ${text}`);
  }
}

/** What yaml says, without the part of the file that it quotes: a password may begin with `*`, `!` or `|`. */
function unquoted(message: string): string {
  return message.replace(/(?<=[\w)]): .*|(?<=(?:sequence|directive|version) ).*/s, "");
}

function isEmpty({ contents }: Document): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

/** Without an offset, the line of the deepest part of the path that the file has. */
function lineOf(document: Document, lines: LineCounter, { path, offset }: Problem): number {
  if (offset !== undefined) return lines.linePos(offset).line;
  let deepest = 0;
  visit(document, {
    Pair(_, pair, parents) {
      const names = pathOf(parents);
      const own = isScalar(pair.key) ? [...names, String(pair.key.value)] : names;
      const matches = own.every((name, i) => name === String(path[i])) && own.length <= path.length;
      if (matches && isScalar(pair.key) && pair.key.range)
        deepest = Math.max(deepest, pair.key.range[0]);
    },
  });
  return lines.linePos(deepest).line;
}
