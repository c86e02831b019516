import { z } from "zod";
import { DURATION_UNITS, quantityText, SIZE_UNITS, type Units } from "./quantity.ts";

/** The kinds of value that settings have. Each says in its error what to write. */

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
    const isBare = /^\d+$/.test(String(input));
    return isBare
      ? `${noun} needs a unit (${names.join(", ")}); write ${quantityText(Number(input), units)} for ${input} ${names[0]}`
      : `write ${noun} from ${min} to ${max} (${names.join(", ")})`;
  };
  return z
    .string({ error })
    .regex(pattern, { error })
    .transform(amountOf)
    .pipe(z.number().min(amountOf(min), { error }).max(amountOf(max), { error }))
    .meta({ "x-kind": noun, "x-range": `${min} to ${max}` });
}

/** A whole number. Text is accepted too, since `${ENV}` gives text. */
export function whole(min: number, max: number) {
  const error = `write a whole number from ${min} to ${max}`;
  const number = z.int({ error }).min(min, { error }).max(max, { error });
  return z.union(
    [
      number,
      z
        .string()
        .regex(/^-?\d+$/)
        .transform(Number)
        .pipe(number),
    ],
    {
      error,
    },
  );
}

/** A ratio: above 0, at most 1. */
const ratioError = "write a number above 0 and at most 1, such as 0.5";
const ratioNumber = z
  .number({ error: ratioError })
  .gt(0, { error: ratioError })
  .max(1, { error: ratioError });
export const ratio = z.union(
  [
    ratioNumber,
    z
      .string()
      .regex(/^[01]?(\.\d+)?$/)
      .transform(Number)
      .pipe(ratioNumber),
  ],
  { error: ratioError },
);

export const flag = z.union(
  [z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")],
  { error: "write true or false" },
);

export const column = z.string().min(1);

export const mapped = z
  .union([
    column,
    z.strictObject({ value: z.json().describe("a constant") }),
    z.strictObject({ cel: z.string().min(1).describe("a CEL expression over `row`") }),
  ])
  .describe(
    "a column name (`prefs.dark` reaches into a JSON column), {value: constant} or {cel: expression}",
  );

export const fields = z
  .union([
    z.literal("*").describe("every column, under its own name"),
    z.array(column).describe("columns, under their own names"),
    z.record(z.string().min(1), mapped).describe("map of name in the message to mapped value"),
  ])
  .describe('a list of columns, a map of name to mapped value, or "*" for every column');

/** An address; credentials have settings of their own, since an address is shown in messages. */
export const address = z
  .url({ protocol: /^https?$/, error: "write an address such as https://host:port" })
  .refine((url) => {
    // As it will be read: `https:user:password@host` has both too.
    const read = URL.parse(url);
    return read === null || (read.username === "" && read.password === "");
  }, "take the user and password out of the address; they have settings of their own")
  .refine((url) => !/[?#]/.test(url), "end the address before its ? or #: a path is added to it");

/** A path is shown in messages, and what stands in the file of a key must not be. */
const PEM = /-----BEGIN|\n|^LS0tLS1|^[A-Za-z0-9+/=]{100,}$/;

export const file = z
  .string()
  .min(1)
  .refine((path) => !PEM.test(path), "write the path of the file, not what stands in it")
  .describe("path of a PEM file");

export type MappedSetting = z.infer<typeof mapped>;
export type FieldsSetting = z.infer<typeof fields>;
