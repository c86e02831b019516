import { z } from "zod";
import { UNITS } from "../lib/duration.ts";

/** The kinds of value that settings have. Durations are written `500ms`, `10s`, `7d`. */

/** A duration such as `7d`, in milliseconds once read. */
export const duration = z
  .string()
  .regex(/^\d+(ms|s|m|h|d)$/, "write a number and a unit, such as 500ms, 10s, 15m, 12h or 7d")
  .transform((text) => {
    const [, amount, unit] = /^(\d+)(\w+)$/.exec(text) as unknown as [
      string,
      string,
      keyof typeof UNITS,
    ];
    return Number(amount) * UNITS[unit];
  });

/** A whole number; text is taken too, since `${ENV}` gives text. */
export const whole = (min: number, max: number) =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^-?\d+$/, "write a whole number")
        .transform(Number),
    ])
    .pipe(z.number().int().min(min).max(max));

/** A part of a whole: above 0, at most 1. */
export const part = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^[01]?(\.\d+)?$/, "write a number such as 0.5")
      .transform(Number),
  ])
  .pipe(z.number().gt(0).max(1));

export const flag = z.union([
  z.boolean(),
  z.enum(["true", "false"]).transform((text) => text === "true"),
]);

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
    z.record(z.string().min(1), mapped).describe("name at Segment: what it is read from"),
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
