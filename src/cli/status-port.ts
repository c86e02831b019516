import { maskedSettings } from "../config/masked-settings.ts";
import type { Settings } from "../config/settings.ts";
import type { Logger } from "../lib/logger.ts";
import { StatusServer } from "../status/status-server.ts";
import type { Telemetry } from "../status/telemetry.ts";
import { deadLetterTopic } from "./internal-topics.ts";

/**
 * Opens the status port of the settings, before anything else starts: it also shows why a start fails.
 * @throws CdcError CONFIGURATION if the port cannot be opened
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
    deadLetterTopic: deadLetterTopic(settings),
  };
  const server = await StatusServer.open(about);
  logger.info({ url: server.url }, "status port open");
  return server;
}
