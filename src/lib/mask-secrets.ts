/** Shorter ones would hide half of every text, and are no secrets. */
const SHORTEST = 4;

/**
 * Hides secrets in text that others wrote: who refuses a request often quotes it, as it was written or as it was sent.
 * @returns the same text with `(hidden)` for every secret, also for its base64, URL-encoded and JSON forms
 */
export function maskOf(secrets: Iterable<string>): (text: string) => string {
  const forms = [...secrets].filter(({ length }) => length >= SHORTEST).flatMap(formsOf);
  // The longest first: one may be part of another.
  const ordered = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) => ordered.reduce((shown, form) => shown.replaceAll(form, "(hidden)"), text);
}

function formsOf(text: string): string[] {
  // Half a surrogate pair has no UTF-8, and encodeURIComponent throws on it.
  const secret = text.toWellFormed();
  const bytes = Buffer.from(secret);
  const base64 = bytes.toString("base64");
  return [
    ...[text, secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)],
    ...[base64, base64.replace(/=+$/, ""), bytes.toString("base64url")],
  ];
}

/** Both forms of a login: the password, and the pair that Basic auth sends in base64. */
export function loginSecrets(username: string, password: string): string[] {
  return [password, `${username}:${password}`];
}
