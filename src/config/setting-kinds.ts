import { z } from "zod";
import { DURATION_UNITS, quantityText, SIZE_UNITS, type Units } from "./quantity.ts";

/** The kinds of value that settings have. The error of each says what to write; the reference shows it as the type. */

/** A duration such as `7d`, in milliseconds once read. */
export const duration = (min: string, max: string) =>
  quantity({ noun: "a duration", units: DURATION_UNITS, min, max });

/** A size such as `96MB`, in bytes once read. */
export const size = (min: string, max: string) =>
  quantity({ noun: "a size", units: SIZE_UNITS, min, max });

type Quantity = {
  readonly noun: string;
  readonly units: Units;
  readonly min: string;
  readonly max: string;
};

function quantity({ noun, units, min, max }: Quantity) {
  const names = Object.keys(units);
  const pattern = new RegExp(`^(\\d+)(${names.join("|")})$`);
  const amountOf = (text: string): number => {
    const [, amount, unit] = pattern.exec(text) ?? [];
    return Number(amount) * (units[unit ?? ""] ?? Number.NaN);
  };
  const error = ({ input }: { readonly input?: unknown }): string => {
    const isBare =
      (typeof input === "number" || typeof input === "string") && /^\d+$/.test(`${input}`);
    return isBare
      ? `${noun} needs a unit (${names.join(", ")}); write ${quantityText(Number(input), units)} for ${input} ${names[0]}`
      : `write ${noun} from ${min} to ${max}, with a unit (${names.join(", ")})`;
  };
  return z
    .string({ error })
    .regex(pattern, { error })
    .refine((text) => amountOf(text) >= amountOf(min) && amountOf(text) <= amountOf(max), { error })
    .transform(amountOf)
    .meta({ "x-kind": noun, "x-range": `${min} to ${max}` });
}

/** A whole number. Text is accepted too, since `${ENV}` gives text. */
export function whole(min: number, max: number) {
  const error = `write a whole number from ${min} to ${max}`;
  const number = z.int({ error }).min(min, { error }).max(max, { error });
  const text = z
    .string({ error })
    .regex(/^-?\d+$/, { error })
    .transform(Number)
    .pipe(number);
  return z.union([number, text], { error });
}

const ratioForm = "write a number above 0 and at most 1, such as 0.5";
const ratioNumber = z.number({ error: ratioForm }).gt(0, ratioForm).max(1, ratioForm);
const ratioText = z
  .string()
  .regex(/^[01]?(\.\d+)?$/, ratioForm)
  .transform(Number)
  .pipe(ratioNumber);

/** Above 0, at most 1. */
export const ratio = z.union([ratioNumber, ratioText], { error: ratioForm });

export const flag = z.union(
  [z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")],
  { error: "write true or false" },
);

export function choice<const T extends readonly [string, string, ...string[]]>(...values: T) {
  const [last] = values.slice(-1);
  return z.enum(values, { error: `write ${values.slice(0, -1).join(", ")} or ${last}` });
}

/** Text that is not empty. */
export const text = (noun = "text") => {
  const error = ({ input }: { readonly input?: unknown }) =>
    typeof input === "number" || typeof input === "boolean"
      ? `write ${noun}, in quotes: "${input}"`
      : `write ${noun}`;
  return z.string({ error }).min(1, { error });
};

export const column = text("a column name");

export const mapped = z
  .union(
    [
      column,
      z.strictObject({ value: z.json().describe("A constant.") }),
      z.strictObject({ cel: text("an expression").describe("A CEL expression over `row`.") }),
    ],
    { error: "write a column name, {value: constant} or {cel: expression}" },
  )
  .describe("A column (`prefs.dark` reads a field of a JSON column), a constant or an expression.");

export const fields = z.union(
  [
    z.literal("*").describe("Every column, under its own name."),
    z.array(column).describe("Columns, under their own names."),
    z.record(z.string().min(1), mapped).describe("What each name at Segment is read from."),
  ],
  { error: 'write a list of columns, a map of names to columns, or "*" for every column' },
);

const addressForm = "write an address such as https://host:port";

/** An address. Credentials have settings of their own, since an address is shown in messages. */
export const address = z
  .url({ protocol: /^https?$/, error: addressForm })
  .refine((url) => {
    // As it will be read: `https:user:password@host` has both too.
    const read = URL.parse(url);
    return read === null || (read.username === "" && read.password === "");
  }, "remove the user and password from the address; they have settings of their own")
  .refine((url) => !/[?#]/.test(url), "end the address before its ? or #: a path is added to it");

/** The path is shown in messages, and a key must not be. */
const PEM = /-----BEGIN|\n|^LS0tLS1|^[A-Za-z0-9+/=]{100,}$/;

export const file = text("the path of a PEM file").refine(
  (path) => !PEM.test(path),
  "write the path of the PEM file, not its content",
);

export type MappedSetting = z.infer<typeof mapped>;
export type FieldsSetting = z.infer<typeof fields>;
