import { readFileSync } from "node:fs";
import { type Document, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { z } from "zod";
import { CdcError, messageOf } from "../errors.ts";
import { expandEnvironment } from "./environment.ts";
import { checkReferences } from "./references.ts";
import { type Settings, settingsSchema } from "./settings.ts";
import { nearest } from "./suggest.ts";

/** One thing that is wrong, and where: the path from the top of the file, and what to write instead. */
export type Problem = { readonly path: readonly PropertyKey[]; readonly text: string };

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
  const document = parseDocument(text, { lineCounter: lines });
  const syntax = document.errors[0];
  if (syntax) {
    const line = lines.linePos(syntax.pos[0]).line;
    throw new CdcError(
      "CONFIGURATION",
      `${file}:${line}: not YAML: ${syntax.message.split("\n")[0]}`,
    );
  }

  const problems: Problem[] = [...expandEnvironment(document, environment)];
  const value: unknown = document.toJS() ?? {};
  const parsed = settingsSchema.safeParse(value);
  if (parsed.success && problems.length === 0) problems.push(...checkReferences(parsed.data));
  if (!parsed.success)
    problems.push(...parsed.error.issues.flatMap((issue) => explain(issue, value)));
  if (parsed.success && problems.length === 0) return parsed.data;

  const report = problems.map(
    ({ path, text }) =>
      `${file}:${lineOf(document, lines, path)}: ${path.join(".") || "(top)"}: ${text}`,
  );
  throw new CdcError("CONFIGURATION", report.join("\n"));
}

/** The line of the deepest part of the path that the file has. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  let offset = 0;
  visit(document, {
    Pair(_, pair, parents) {
      const names = parents.flatMap((parent) =>
        "key" in parent && isScalar(parent.key) ? [String(parent.key.value)] : [],
      );
      const own = isScalar(pair.key) ? [...names, String(pair.key.value)] : names;
      const matches = own.every((name, i) => name === String(path[i])) && own.length <= path.length;
      if (matches && isScalar(pair.key) && pair.key.range)
        offset = Math.max(offset, pair.key.range[0]);
    },
  });
  return lines.linePos(offset).line;
}

/** A zod issue in words that say what was found and what to write instead. */
function explain(issue: z.core.$ZodIssue, value: unknown): Problem[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    const allowed = allowedKeys(path, value);
    return issue.keys.map((key) => ({
      path: [...path, key],
      text: `unknown setting${allowed.length === 0 ? "" : `; ${nearest(key, allowed)}`}`,
    }));
  }
  const found = at(value, path);
  if (found === undefined && issue.code !== "custom") {
    return [{ path, text: "is required and missing" }];
  }
  const expected =
    issue.code === "invalid_union" && "discriminator" in issue && issue.discriminator
      ? `type must be one of identify, track, track-entered-exited`
      : issue.code === "invalid_union"
        ? `write ${describedAs(path) ?? "one of the documented forms"}`
        : issue.message;
  return [{ path, text: `found ${shown(found, path)}: ${expected}` }];
}

/** What was found, for a message; never a secret, nor anything long. */
function shown(found: unknown, path: readonly PropertyKey[]): string {
  if (
    path.some(
      (part) => /key|password|username|secret|ca|cert/i.test(String(part)) && part !== "key",
    )
  )
    return "(hidden)";
  const text = JSON.stringify(found) ?? String(found);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, part) =>
      typeof inner === "object" && inner !== null ? Reflect.get(inner, part) : undefined,
    value,
  );
}

/** The schema that stands at the path, through records, unions of one object, and a sync's type. */
function schemaAt(path: readonly PropertyKey[], value: unknown): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = settingsSchema;
  let inner = value;
  for (const part of path) {
    schema = childOf(unwrap(schema, inner), part);
    inner = at(inner, [part]);
  }
  return schema && unwrap(schema, inner);
}

function unwrap(schema: z.core.$ZodType | undefined, value: unknown): z.core.$ZodType | undefined {
  const def = schema?._zod.def as
    | { type?: string; innerType?: z.core.$ZodType; options?: z.core.$ZodType[] }
    | undefined;
  if (!def) return undefined;
  if (def.innerType) return unwrap(def.innerType, value);
  if (def.type !== "union") return schema;
  const objects = (def.options ?? [])
    .map((option) => unwrap(option, value))
    .filter((option) => shapeOf(option));
  const type = at(value, ["type"]);
  return (
    objects.find((option) =>
      (shapeOf(option)?.type?._zod.def as { values?: unknown[] } | undefined)?.values?.includes(
        type,
      ),
    ) ?? objects[0]
  );
}

function shapeOf(schema: z.core.$ZodType | undefined): Record<string, z.core.$ZodType> | undefined {
  return (schema?._zod.def as { shape?: Record<string, z.core.$ZodType> } | undefined)?.shape;
}

function childOf(
  schema: z.core.$ZodType | undefined,
  part: PropertyKey,
): z.core.$ZodType | undefined {
  const def = schema?._zod.def as
    | { valueType?: z.core.$ZodType; element?: z.core.$ZodType }
    | undefined;
  return shapeOf(schema)?.[String(part)] ?? def?.valueType ?? def?.element;
}

function allowedKeys(path: readonly PropertyKey[], value: unknown): string[] {
  return Object.keys(shapeOf(schemaAt(path, value)) ?? {});
}

function describedAs(path: readonly PropertyKey[]): string | undefined {
  let schema: z.core.$ZodType | undefined = settingsSchema;
  for (const part of path) schema = childOf(unwrap(schema, undefined), part);
  return (schema as z.ZodType | undefined)?.description;
}
