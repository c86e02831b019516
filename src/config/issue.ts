import type { z } from "zod";
import { renamed } from "./renamed-settings.ts";
import { settingsSchema } from "./settings.ts";
import { nearest } from "./suggest.ts";

/**
 * A zod issue in words that say what was found and what to write instead.
 * @param mask hides what came from the environment
 */
export function explain(
  issue: z.core.$ZodIssue,
  value: unknown,
  mask: (text: string) => string,
): Problem[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    const allowed = allowedKeys(path, value);
    return issue.keys.map((key) => ({
      path: [...path, key],
      text:
        renamed(path, key, at(value, [...path, key])) ??
        `unknown setting${allowed.length === 0 ? "" : `; ${nearest(key, allowed)}`}`,
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
        ? `write ${describedAs(path, value) ?? "one of the documented forms"}`
        : issue.message;
  return [{ path, text: `found ${shown(found, path, mask)}: ${expected}` }];
}

/** Settings beside the secrets that hold none themselves. */
const HARMLESS = new Set<PropertyKey>([
  "region",
  "url",
  "compression",
  "linger",
  "timeout",
  "brokers",
  "clientId",
  "groupId",
  "mechanism",
]);

/** What was found, for a message; never a secret, not even one in a wrong place, nor anything long. */
function shown(
  found: unknown,
  path: readonly PropertyKey[],
  mask: (text: string) => string,
): string {
  // Before it is cut: the rest of a secret would not be recognised.
  const text = mask(JSON.stringify(found) ?? String(found));
  const [top] = path;
  const besideSecrets = top === undefined || top === "segment" || top === "kafka";
  const isOne = typeof found !== "object" && !/[@?#]/.test(text);
  const harmless = isOne && path.some((part) => HARMLESS.has(part));
  if (besideSecrets && !harmless) return "(hidden)";
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

/** The forms that the setting takes: the innermost description, for the outer ones say what it means. */
function describedAs(path: readonly PropertyKey[], value: unknown): string | undefined {
  const last = path.at(-1);
  const outer = last === undefined ? undefined : schemaAt(path.slice(0, -1), value);
  let schema = last === undefined ? settingsSchema : childOf(outer, last);
  let description: string | undefined;
  while (schema) {
    description = (schema as z.ZodType).description ?? description;
    schema = (schema._zod.def as { innerType?: z.core.$ZodType }).innerType;
  }
  return description;
}

/** One thing that is wrong, and where: the path from the top of the file, and what to write instead. */
export type Problem = { readonly path: readonly PropertyKey[]; readonly text: string };
