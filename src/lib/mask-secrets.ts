/** Masking shorter secrets would remove parts of every text. */
const SHORTEST = 4;

/**
 * Masks secrets in text of other programs, which often quote a rejected request.
 * @returns the text with `(hidden)` for every secret, also in base64, URL-encoded and JSON form
 */
export function maskOf(secrets: Iterable<string>): (text: string) => string {
  const forms = [...secrets].filter(({ length }) => length >= SHORTEST).flatMap(formsOf);
  // Longest first: a secret may contain another.
  const ordered = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) => ordered.reduce((shown, form) => shown.replaceAll(form, "(hidden)"), text);
}

function formsOf(text: string): string[] {
  // encodeURIComponent throws on half a surrogate pair.
  const secret = text.toWellFormed();
  const bytes = Buffer.from(secret);
  const base64 = bytes.toString("base64");
  return [
    ...[text, secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)],
    ...[base64, base64.replace(/=+$/, ""), bytes.toString("base64url")],
  ];
}

/** Both forms of a login: the password, and the pair that basic authentication sends. */
export function loginSecrets(username: string, password: string): string[] {
  return [password, `${username}:${password}`];
}
