import { z } from "zod";

/** Reads the parts of a zod schema: the declarations are data for validation, errors and the reference. */

export type Schema = z.core.$ZodType;

export type Shape = { readonly [name: string]: Schema };

type Definition = {
  readonly type: string;
  readonly innerType?: Schema;
  readonly shape?: Shape;
  readonly keyType?: Schema;
  readonly valueType?: Schema;
  readonly element?: Schema;
  readonly options?: readonly Schema[];
  readonly discriminator?: string;
};

/** The definition without what makes a setting optional. */
export function definitionOf(schema: Schema): Definition {
  return required(schema)._zod.def as Definition;
}

/** `a duration` or `a size`, for settings with a unit. */
export function quantityOf(schema: Schema): unknown {
  return z.globalRegistry.get(required(schema))?.["x-kind"];
}

function required(schema: Schema): Schema {
  const { innerType } = schema._zod.def as Definition;
  return innerType ? required(innerType) : schema;
}

export function parse(schema: Schema, value: unknown): z.core.util.SafeParseResult<unknown> {
  return z.safeParse(schema, value);
}

/** `write a whole number from 1 to 10`: the declared error for a value of no kind. */
export function formOf(schema: Schema): string | undefined {
  const message = parse(schema, Symbol("no value")).error?.issues[0]?.message;
  return message?.startsWith("write ") ? message : undefined;
}

export const isRequired = (schema: Schema): boolean => !parse(schema, undefined).success;

/**
 * The settings of one of several types of object. While the type is unknown, those of all types are known and only
 * those that every type requires are required.
 */
export function typedShape(schema: Schema, type: unknown): Schema | undefined {
  const { options = [], discriminator = "" } = definitionOf(schema);
  const shapes = options.map((option) => definitionOf(option).shape ?? {});
  const own = options.find((_, i) => {
    const literal = shapes[i]?.[discriminator];
    return literal !== undefined && parse(literal, type).success;
  });
  if (own) return own;
  const types = shapes.flatMap((shape) => [
    ...((shape[discriminator]?._zod.def as { values?: string[] } | undefined)?.values ?? []),
  ]);
  const merged = Object.entries(Object.assign({}, ...shapes) as Shape).map(([name, setting]) => [
    name,
    shapes.every((shape) => name in shape) ? setting : z.optional(setting),
  ]);
  return z.strictObject({
    ...Object.fromEntries(merged),
    [discriminator]: z.enum(types, { error: `write one of ${types.join(", ")}` }),
  });
}
