/** Settings beside the secrets that hold none themselves. */
const HARMLESS = new Set<PropertyKey>([
  "region",
  "url",
  "compression",
  "linger",
  "timeout",
  "sessionTimeout",
  "stallTimeout",
  "brokers",
  "clientId",
  "groupId",
  "controlTopic",
  "mechanism",
]);

const LONGEST = 80;

/** What was found, for a message: never a secret, not even one in a wrong place, nor anything long. */
export function shownValue(
  found: unknown,
  path: readonly PropertyKey[],
  mask: (text: string) => string,
): string {
  if (found === null) return "nothing";
  // Before it is cut: the rest of a secret would not be recognised.
  const text = mask(JSON.stringify(found) ?? String(found));
  const isOne = typeof found !== "object" && !/[@?#]/.test(text);
  const isHarmless = isOne && path.some((part) => HARMLESS.has(part));
  if (isBesideSecrets(path) && !isHarmless) return "(hidden)";
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text;
}

/** `writeKey:abc` without a space is one name to YAML: what cannot be a setting's name is not shown beside secrets. */
export function shownPath(path: readonly PropertyKey[]): string {
  const isFree = path.length > 1 && !isBesideSecrets(path);
  return path
    .map((part, i) => ((i > 0 && isFree) || NAME.test(String(part)) ? String(part) : "(hidden)"))
    .join(".");
}

/** Settings, and indexes of lists. */
const NAME = /^([A-Za-z_]{1,24}|\d{1,4})$/;

function isBesideSecrets([top]: readonly PropertyKey[]): boolean {
  return top === undefined || top === "segment" || top === "kafka";
}
