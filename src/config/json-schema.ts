import { z } from "zod";
import { settingsSchema } from "./settings.ts";

/** The JSON Schema of a configuration file, as editors read it: written from the same declaration that validates. */
export function jsonSchema(): string {
  const schema = z.toJSONSchema(settingsSchema, { io: "input", unrepresentable: "any" });
  return `${JSON.stringify(schema, null, 2)}\n`;
}
