import { maskedSettings } from "../config/masked-settings.ts";
import type { Settings } from "../config/settings.ts";
import type { Logger } from "../lib/logger.ts";
import { StatusServer } from "../status/status-server.ts";
import type { Telemetry } from "../status/telemetry.ts";
import { deadLetterTopic } from "./internal-topics.ts";

/**
 * The status port that the settings ask for, open before anything else is: what does not start can be asked why.
 * @throws CdcError CONFIGURATION where it cannot be had
 */
export async function openStatus(
  settings: Settings,
  telemetry: Telemetry,
  logger: Logger,
): Promise<StatusServer | null> {
  if (settings.status === "off") return null;
  const syncs = Object.entries(settings.syncs).map(([name, { model, type }]) => ({
    ...{ name, model, type },
  }));
  const about = {
    ...{ ...settings.status, telemetry, syncs, settings: maskedSettings(settings) },
    deadLetters: deadLetterTopic(settings),
  };
  const server = await StatusServer.open(about);
  logger.info({ url: server.url }, "status port open");
  return server;
}
