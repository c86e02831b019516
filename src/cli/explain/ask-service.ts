import type { Settings } from "../../config/settings.ts";
import type { Explanation, Question } from "../../explain/explanation.ts";
import { CdcError, messageOf } from "../../lib/errors.ts";
import { deadLetterTopic } from "../internal-topics.ts";

const WITHIN_MS = 30_000;

/**
 * Asks the service that runs on this machine, over its status port; `null` where none is there.
 * @throws CdcError ARGUMENTS where it does not understand the question, SERVICE_UNAVAILABLE where it cannot answer now
 */
export async function askedOfService(
  settings: Settings,
  { model, key, line, showValues }: Question,
): Promise<Answered | null> {
  const { name, status } = settings;
  // Where it has any free port nobody knows which.
  if (status === "off" || status.port === 0) return null;
  const url = `http://${hostOf(status.host)}:${status.port}`;
  const query = new URLSearchParams({
    model,
    ...(key === null ? {} : { key }),
    values: String(showValues),
  });
  const asked = line === null ? {} : { method: "POST", body: line };
  const response = await fetch(`${url}/explain?${query}`, {
    ...asked,
    headers: line === null ? {} : { "content-type": "text/plain" },
    signal: AbortSignal.timeout(WITHIN_MS),
  }).catch((error) => {
    if (isConnectionRefused(error)) return null;
    throw new CdcError(
      "SERVICE_UNAVAILABLE",
      `the service at ${url} does not answer: ${messageOf(error)}`,
    );
  });
  if (response === null) return null;
  const body = (await response.json().catch(() => ({}))) as Partial<Explanation & Rejection>;
  // Another pipeline's, another program's, or one from before it could be asked.
  if (body.pipeline !== name) return null;
  if (response.ok)
    return {
      explanation: body as Explanation,
      by: `asked the service that runs here, at ${url}`,
      deadLetters: deadLetterTopic(settings),
    };
  const { code, reason, toDo } = body;
  if (code === "BAD_QUESTION") throw new CdcError("ARGUMENTS", String(reason));
  throw new CdcError("SERVICE_UNAVAILABLE", `the service at ${url} says: ${reason}; ${toDo}`);
}

/** Why it does not answer; with the pipeline's name. */
type Rejection = { readonly code: string; readonly reason: string; readonly toDo: string };

/** Where it listens at every address, its own is one of them. */
function hostOf(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

function isConnectionRefused(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: string } };
  return cause?.code === "ECONNREFUSED";
}

/** An explanation, who gave it, and where what was set aside stands. */
export type Answered = {
  readonly explanation: Explanation;
  readonly by: string;
  readonly deadLetters: string;
};
