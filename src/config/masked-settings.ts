import { loginSecrets, maskOf } from "../lib/mask-secrets.ts";
import { type Settings, settingsSchema } from "./settings.ts";
import { writtenValues } from "./written-values.ts";

const MASK = "(hidden)";

/** The settings as a file writes them, defaults included, with a mask for every secret, also within other settings. */
export function maskedSettings(settings: Settings): object {
  const { kafka, segment } = settings;
  const { sasl, schemaRegistry: registry } = kafka ?? {};
  const mask = maskOf([
    segment.writeKey,
    ...(sasl ? loginSecrets(sasl.username, sasl.password) : []),
    ...loginSecrets(registry?.username ?? "", registry?.password ?? ""),
  ]);
  const written = writtenValues(settingsSchema, settings) as Settings;
  const shown = {
    ...written,
    segment: { ...written.segment, writeKey: MASK },
    kafka: written.kafka && {
      ...written.kafka,
      sasl: sasl && { ...sasl, password: MASK },
      schemaRegistry: registry && {
        ...registry,
        password: registry.password === undefined ? undefined : MASK,
      },
    },
  };
  return JSON.parse(JSON.stringify(shown), (_, value) =>
    typeof value === "string" ? mask(value) : value,
  );
}
