import { jsonSchema } from "../../src/config/json-schema.ts";

type Node = { readonly [name: string]: unknown };

const ROOT = JSON.parse(jsonSchema()) as Node;

/** Top-level settings. */
export const TOP: readonly string[] = Object.keys(ROOT.properties as Node);

/** The schemas of a setting by its path, such as `state.onDataLoss`; `null` if there is no such setting. */
export function schemasOf(path: string): readonly Node[] | null {
  let nodes: readonly Node[] = [ROOT];
  for (const name of path.split("."))
    nodes = nodes.flatMap(alternatives).flatMap(({ properties }) => {
      const found = (properties as Node | undefined)?.[name];
      return found === undefined ? [] : [found as Node];
    });
  return nodes.length === 0 ? null : nodes;
}

/** What the schema says of the settings of a name, wherever they stand; `null` where there is none. */
export function settingsNamed(name: string): readonly Node[] | null {
  const found = nodesIn(ROOT).flatMap(({ properties }) => {
    const setting = (properties as Node | undefined)?.[name];
    return setting === undefined ? [] : [setting as Node];
  });
  return found.length === 0 ? null : found;
}

/** Whether the word is a value of some setting. */
export function isValue(word: string): boolean {
  return nodesIn(ROOT).some(
    ({ enum: words, const: only }) =>
      word === only || (Array.isArray(words) && words.includes(word)),
  );
}

function nodesIn(node: unknown): readonly Node[] {
  if (typeof node !== "object" || node === null) return [];
  return [node as Node, ...Object.values(node).flatMap(nodesIn)];
}

/** Whether one of them may have the value, as YAML writes it. */
export function admits(settings: readonly Node[], value: string): boolean {
  return settings.flatMap(alternatives).some(({ type, enum: words, const: word, pattern }) => {
    if (word !== undefined) return word === value;
    if (words !== undefined) return (words as readonly unknown[]).includes(value);
    if (type === "boolean") return value === "true" || value === "false";
    if (type === "number") return /^-?[\d_.]+$/.test(value);
    return type === "string" && new RegExp(typeof pattern === "string" ? pattern : "").test(value);
  });
}

function alternatives(node: Node): readonly Node[] {
  const of = (node.anyOf ?? node.oneOf) as readonly Node[] | undefined;
  return of === undefined ? [node] : of.flatMap(alternatives);
}
