import { loginSecrets, maskOf } from "../lib/mask-secrets.ts";
import type { Settings } from "./settings.ts";

const HIDDEN = "(hidden)";

/** The settings as they may be shown: without the secrets, wherever those stand. */
export function maskedSettings(settings: Settings): object {
  const { kafka, segment } = settings;
  const { sasl, schemaRegistry: registry } = kafka ?? {};
  const mask = maskOf([
    segment.writeKey,
    ...(sasl ? loginSecrets(sasl.username, sasl.password) : []),
    ...loginSecrets(registry?.username ?? "", registry?.password ?? ""),
  ]);
  const shown = {
    ...settings,
    segment: { ...segment, writeKey: HIDDEN },
    kafka: kafka && {
      ...kafka,
      sasl: sasl && { ...sasl, password: HIDDEN },
      schemaRegistry: registry && {
        ...registry,
        password: registry.password === undefined ? undefined : HIDDEN,
      },
    },
  };
  return JSON.parse(JSON.stringify(shown), (_, value) =>
    typeof value === "string" ? mask(value) : value,
  );
}
