import type { TopicTopology } from "../../topology/topology.ts";
import { type Finding, warning } from "./finding.ts";
import type { Sample } from "./rows.ts";

/** Debezium's decimals without a schema: the bytes of the unscaled integer in base64. Longer texts are not decimals. */
const MAX_LENGTH = 32;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Words and numbers that people write, which encoded bytes rarely resemble. */
const WORD = /^(?:[A-Z]?[a-z]+|[A-Z]+|\d+)$/;

/** Columns without schema and declared type whose texts are base64: decimals or bytes. */
export function checkEncoded(
  topicTopology: TopicTopology,
  samples: readonly Sample[],
): readonly Finding[] {
  const texts = new Map<string, string[]>();
  const others = new Set<string>();
  for (const { event, format } of samples) {
    if (format !== "json") continue;
    for (const [name, value] of Object.entries(event.row ?? {})) {
      if (value === null || topicTopology.format.columns.has(name)) continue;
      if (typeof value === "string" && isBase64(value))
        texts.set(name, [...(texts.get(name) ?? []), value]);
      else others.add(name);
    }
  }
  return [...texts].flatMap(([name, values]) => {
    const unlikely = values.filter((value) => !value.endsWith("=") && WORD.test(value));
    if (others.has(name) || unlikely.length * 2 > values.length) return [];
    return [
      warning(
        `topic ${topicTopology.topic}`,
        `the column "${name}" looks like base64, the form of a decimal without a schema: declare \`${name}: {type: decimal, scale: N}\` in the model's columns, or set the connector's decimal.handling.mode=string and declare \`decimal\`; if it is bytes, declare \`bytes\``,
      ),
    ];
  });
}

function isBase64(text: string): boolean {
  return text.length > 0 && text.length <= MAX_LENGTH && BASE64.test(text);
}
