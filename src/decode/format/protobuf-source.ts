/** The field option in which Confluent's converter stores Connect's metadata. */
const FIELD_META = "(confluent.field_meta)";

const COMMENT = String.raw`\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)`;
const TEXT = String.raw`"(?:[^"\\]|\\[^])*"?|'(?:[^'\\]|\\[^])*'?`;
/** Each alternative matches as far as possible, closed or not, so that a malformed source takes linear time. */
const PART = new RegExp(
  String.raw`${COMMENT}|${TEXT}|\(\.?([\w.]+)\)[\w.]*\s*=\s*(?=[{[])|[^"'/(]+|[^]`,
  "gy",
);
const VALUE_PART = new RegExp(
  String.raw`${COMMENT}|(${TEXT})|([{[])|([}\]])|[^"'/{}[\]]+|[^]`,
  "gy",
);

/** An entry of the map `params`: its key is first or last. */
const QUOTED = String.raw`\s*(?::\s*)?["']([^"'\\]*)["']\s*(?:[,;]\s*)?`;
const PARAM = new RegExp(
  String.raw`\{\s*(?:key${QUOTED}value${QUOTED}|value${QUOTED}key${QUOTED})\}`,
  "g",
);

/**
 * Replaces the value of each option that is a message or a list by a string of its `params`: protobufjs cannot read lists
 * of messages, and only the params are needed.
 */
export function plainSource(source: string): string {
  let plain = "";
  PART.lastIndex = 0;
  for (let part = PART.exec(source); part; part = PART.exec(source)) {
    const [text, option] = part;
    if (option === undefined) {
      plain += text;
      continue;
    }
    const end = endOfValue(source, PART.lastIndex);
    // Malformed, which protobufjs reports. Searching the end of each later option would take minutes.
    if (end === null) return plain + source.slice(part.index);
    plain += `(${option}) = "${params(source.slice(PART.lastIndex, end))}"`;
    PART.lastIndex = end;
  }
  return plain;
}

/** The params of a field, in a simplified source. */
export function paramsOf(
  options: { readonly [name: string]: unknown } | undefined,
): URLSearchParams {
  return new URLSearchParams(String(options?.[FIELD_META] ?? ""));
}

/** `null` if the value has no end. */
function endOfValue(source: string, start: number): number | null {
  let depth = 0;
  VALUE_PART.lastIndex = start;
  for (let part = VALUE_PART.exec(source); part; part = VALUE_PART.exec(source)) {
    if (part[2] !== undefined) depth += 1;
    if (part[3] !== undefined && --depth === 0) return VALUE_PART.lastIndex;
  }
  return null;
}

/** As a query string, which has neither quotes nor backslashes. */
function params(value: string): string {
  const found = new URLSearchParams();
  for (const [, key, text, textFirst, keyLast] of value.matchAll(PARAM))
    found.append(key ?? keyLast ?? "", text ?? textFirst ?? "");
  return found.toString();
}
