/** The option of a field where Confluent's converter keeps what Protobuf has no words for. */
const FIELD_META = "(confluent.field_meta)";

const COMMENT = String.raw`\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)`;
const TEXT = String.raw`"(?:[^"\\]|\\[^])*"?|'(?:[^'\\]|\\[^])*'?`;
/** Each takes what it can at once, closed or not: a step is never taken twice, however broken the source is. */
const PART = new RegExp(
  String.raw`${COMMENT}|${TEXT}|\(\.?([\w.]+)\)[\w.]*\s*=\s*(?=[{[])|[^"'/(]+|[^]`,
  "gy",
);
const VALUE_PART = new RegExp(
  String.raw`${COMMENT}|(${TEXT})|([{[])|([}\]])|[^"'/{}[\]]+|[^]`,
  "gy",
);

/** An entry of `params`, a map: its key comes first or last. */
const QUOTED = String.raw`\s*(?::\s*)?["']([^"'\\]*)["']\s*(?:[,;]\s*)?`;
const PARAM = new RegExp(
  String.raw`\{\s*(?:key${QUOTED}value${QUOTED}|value${QUOTED}key${QUOTED})\}`,
  "g",
);

/**
 * The source with each option whose value is a message or a list as a text of its `params`: protobufjs cannot read lists
 * of messages, and the params are all that is wanted of them.
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
    // Broken, which protobufjs says. To look for the end of each one after it would take minutes.
    if (end === null) return plain + source.slice(part.index);
    plain += `(${option}) = "${params(source.slice(PART.lastIndex, end))}"`;
    PART.lastIndex = end;
  }
  return plain;
}

/** What a field's option says, in a source that was made plain. */
export function paramsOf(
  options: { readonly [name: string]: unknown } | undefined,
): URLSearchParams {
  return new URLSearchParams(String(options?.[FIELD_META] ?? ""));
}

/** `null` where the value has no end. */
function endOfValue(source: string, start: number): number | null {
  let depth = 0;
  VALUE_PART.lastIndex = start;
  for (let part = VALUE_PART.exec(source); part; part = VALUE_PART.exec(source)) {
    if (part[2] !== undefined) depth += 1;
    if (part[3] !== undefined && --depth === 0) return VALUE_PART.lastIndex;
  }
  return null;
}

/** In a query's form, which has neither quotes nor backslashes. */
function params(value: string): string {
  const found = new URLSearchParams();
  for (const [, key, text, textFirst, keyLast] of value.matchAll(PARAM))
    found.append(key ?? keyLast ?? "", text ?? textFirst ?? "");
  return found.toString();
}
