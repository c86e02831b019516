import type { Settings } from "../../config/settings.ts";
import type { Explanation, Question } from "../../explain/explanation.ts";
import { CdcError, messageOf } from "../../lib/errors.ts";
import { deadLetterTopic } from "../internal-topics.ts";

const TIMEOUT_MS = 30_000;

/**
 * Sends the question to the service on this machine, over its status port; `null` if none responds.
 * @throws CdcError ARGUMENTS if the question is wrong, SERVICE_UNAVAILABLE if it cannot respond now
 */
export async function askService(
  settings: Settings,
  { model, key, line, showValues }: Question,
): Promise<SourcedExplanation | null> {
  const { name, status } = settings;
  // Port 0 is any free port, so its number is not known here.
  if (status === "off" || status.port === 0) return null;
  const url = `http://${hostOf(status.host)}:${status.port}`;
  const query = new URLSearchParams({
    model,
    ...(key === null ? {} : { key }),
    values: String(showValues),
  });
  const request = line === null ? {} : { method: "POST", body: line };
  const response = await fetch(`${url}/explain?${query}`, {
    ...request,
    headers: line === null ? {} : { "content-type": "text/plain" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error) => {
    if (isConnectionRefused(error)) return null;
    throw new CdcError(
      "SERVICE_UNAVAILABLE",
      `the service at ${url} does not respond: ${messageOf(error)}`,
    );
  });
  if (response === null) return null;
  const body = (await response.json().catch(() => ({}))) as Partial<Explanation & Rejection>;
  // The port belongs to another pipeline or program.
  if (body.pipeline !== name) return null;
  if (response.ok)
    return {
      explanation: body as Explanation,
      origin: `asked the service at ${url}`,
      deadLetters: deadLetterTopic(settings),
    };
  const { code, reason, toDo } = body;
  if (code === "BAD_REQUEST") throw new CdcError("ARGUMENTS", String(reason));
  throw new CdcError("SERVICE_UNAVAILABLE", `the service at ${url} responds: ${reason}; ${toDo}`);
}

/** Why there is no explanation, with the pipeline's name. */
type Rejection = { readonly code: string; readonly reason: string; readonly toDo: string };

/** An address at which the service listens. */
function hostOf(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

function isConnectionRefused(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: string } };
  return cause?.code === "ECONNREFUSED";
}

/** An explanation, where it comes from, and where the dead letters are. */
export type SourcedExplanation = {
  readonly explanation: Explanation;
  readonly origin: string;
  readonly deadLetters: string;
};
