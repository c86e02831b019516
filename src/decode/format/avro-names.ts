import avro, { type Schema, type Type } from "avsc";

/**
 * avsc refuses names that Avro does not allow, and converters take over those of a topic or table as they are:
 * `my-app.public.users`. Nothing reads the names of types but avsc, by which one refers to another.
 * @returns the type under names that are allowed, in a definition or a reference; `undefined` where they are
 */
export function typeOfRenamed(schema: Schema, options: object): Type | undefined {
  const renamed = withAllowedNames(schema);
  return renamed === schema ? undefined : avro.Type.forSchema(renamed, options);
}

type Named = { readonly [attribute in (typeof NAMES)[number]]?: unknown };

const NAMES = ["name", "namespace"] as const;

/** Only the schema itself: avsc asks for those within it one by one. */
function withAllowedNames(schema: Schema): Schema {
  if (typeof schema === "string") return allowed(schema);
  if (Array.isArray(schema)) return schema;
  const named = schema as Named;
  const renamed = Object.fromEntries(
    NAMES.flatMap((attribute) => {
      const name = named[attribute];
      return typeof name !== "string" || allowed(name) === name ? [] : [[attribute, allowed(name)]];
    }),
  );
  return Object.keys(renamed).length === 0 ? schema : ({ ...schema, ...renamed } as Schema);
}

/** Two names stay two: `a-b` becomes `a_2d_b`. */
function allowed(name: string): string {
  return name
    .replace(/[^\w.]/gu, (character) => `_${character.codePointAt(0)?.toString(16)}_`)
    .replace(/(?<=^|\.)(?=\d)/g, "_");
}
