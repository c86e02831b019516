/** Secrets that cannot be mistaken, with what changes in JSON, in an address and in base64; ASCII, as files are searched. */
export const SECRETS = {
  writeKey: 'hush-Key+/="k0123456789',
  sasl: 'hush-Sasl+/="s0123456789',
  registry: 'hush-Registry+/="r0123456789',
  /** What YAML takes for a name or a plain text. */
  plain: "hush-Plain.p0123456789",
  /** Longer than what an error shows of a value. */
  long: `hush-Long-${"l0123456789".repeat(12)}`,
  file: "hush-File-f0123456789",
  proxy: "hush-Proxy-x0123456789",
};

/** So much of a secret, in whatever form, is a leak. */
const PIECE = 10;

/** Which secrets a text tells, and in which form. */
export function leaksIn(text: string): readonly string[] {
  return Object.entries(SECRETS).flatMap(([name, secret]) =>
    Object.entries(formsOf(secret))
      .filter(([, form]) => text.includes(form.slice(0, PIECE)))
      .map(([form]) => `${name} ${form}`),
  );
}

function formsOf(secret: string): { readonly [form: string]: string } {
  return {
    plain: secret,
    "URL-encoded": encodeURIComponent(secret),
    // Whatever stands before it, as `user:` does in Basic auth: base64 begins anew with each third byte.
    "base64 after 0, 3 …": base64After(0, secret),
    "base64 after 1, 4 …": base64After(1, secret),
    "base64 after 2, 5 …": base64After(2, secret),
  };
}

/** The digits that are the secret's alone, with so many bytes before it. */
function base64After(bytes: number, secret: string): string {
  const digits = Buffer.concat([Buffer.alloc(bytes), Buffer.from(secret)]).toString("base64url");
  return digits.slice(Math.ceil((bytes * 8) / 6));
}
