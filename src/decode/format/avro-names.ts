import avro, { type Schema, type Type } from "avsc";

/**
 * avsc rejects names that Avro does not allow, but converters use the names of topics and tables unchanged:
 * `my-app.public.users`. Only avsc uses the names, to resolve references.
 * @returns the type with allowed names, in a definition or a reference; `undefined` if its names are allowed
 */
export function typeOfRenamed(schema: Schema, options: object): Type | undefined {
  const renamed = withAllowedNames(schema);
  return renamed === schema ? undefined : avro.Type.forSchema(renamed, options);
}

type Named = { readonly [attribute in (typeof NAMES)[number]]?: unknown };

const NAMES = ["name", "namespace"] as const;

/** Only the schema itself: avsc calls the hook for each nested one. */
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

/** Different names stay different: `a-b` becomes `a_2d_b`. */
function allowed(name: string): string {
  return name
    .replace(/[^\w.]/gu, (character) => `_${character.codePointAt(0)?.toString(16)}_`)
    .replace(/(?<=^|\.)(?=\d)/g, "_");
}
