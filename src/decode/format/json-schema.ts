import { fieldCount } from "../value/connect-schema.ts";
import { isObject, type Json, type JsonObject } from "../value/json.ts";
import type { ConnectSchema } from "../value/logical-types.ts";

/** The Connect schema of a JSON Schema: Connect stores its types in `connect.type` and its names in `title`. */
export function connectSchemaOfJson(root: JsonObject): ConnectSchema {
  const count = fieldCount();
  const convert = (node: Json | undefined, depth: number): ConnectSchema => {
    count();
    if (!isObject(node) || depth > DEEPEST) return { type: "null" };
    if (typeof node.$ref === "string") return convert(resolve(root, node.$ref), depth + 1);
    const branches = node.oneOf ?? node.anyOf;
    if (Array.isArray(branches)) {
      const branch = branches.find((option) => isObject(option) && option.type !== "null");
      return { ...convert(branch, depth + 1), default: node.default };
    }
    const { properties, items, additionalProperties } = node;
    const parameters = node["connect.parameters"];
    return {
      type: typeOf(node),
      name: typeof node.title === "string" ? node.title : undefined,
      parameters: isObject(parameters) ? (parameters as ConnectSchema["parameters"]) : undefined,
      default: node.default,
      fields: isObject(properties)
        ? Object.entries(properties).map(([field, child]) => ({
            ...convert(child, depth + 1),
            field,
          }))
        : undefined,
      items: items === undefined ? undefined : convert(items, depth + 1),
      values: isObject(additionalProperties) ? convert(additionalProperties, depth + 1) : undefined,
    };
  };
  return convert(root, 0);
}

/** A recursive schema has no end. */
const DEEPEST = 40;

function typeOf(node: JsonObject): string {
  const connect = node["connect.type"];
  if (typeof connect === "string") return connect;
  switch (node.type) {
    case "object":
      return isObject(node.properties) ? "struct" : "map";
    case "integer":
      return "int64";
    case "number":
      return "double";
    default:
      return String(node.type);
  }
}

function resolve(root: JsonObject, reference: string): Json | undefined {
  const path = reference.replace(/^#\/?/, "").split("/").filter(Boolean);
  return path.reduce<Json | undefined>(
    (node, part) => (isObject(node) ? node[part] : undefined),
    root,
  );
}
