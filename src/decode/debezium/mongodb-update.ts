import { DetailedError } from "../../lib/errors.ts";
import { isObject, type JsonObject } from "../value/json.ts";
import { readDocument } from "./mongodb.ts";

/** A value of a document that may be changed: it was just parsed and belongs to nobody else. */
type Node = { [name: string]: unknown } | unknown[];

/**
 * The document after an update, from the whole one before it and `updateDescription`: the fields that were set and
 * removed, and the arrays that were cut, each by its dotted path. What stands in the document decides whether a number
 * in a path is an index or a name; a name with a dot in it cannot be told from a path.
 * MongoDB's manual, "update Event".
 * @throws Error where a part of it cannot be read
 */
export function updated(before: JsonObject, description: JsonObject): JsonObject {
  const document = before as Node;
  const set = description.updatedFields;
  const fields = typeof set === "string" ? readDocument(set) : set;
  // Cut first: a field of an array that was cut and extended stands behind the cut.
  for (const pending of list(description.truncatedArrays)) {
    if (!isObject(pending)) continue;
    const array = at(document, String(pending.field).split("."));
    if (Array.isArray(array)) array.length = Math.min(array.length, Number(pending.size));
  }
  for (const path of list(description.removedFields)) {
    const { parent, name } = locate(document, String(path));
    if (parent && !Array.isArray(parent)) delete parent[name];
  }
  for (const [path, value] of Object.entries(isObject(fields) ? fields : {})) {
    const { parent, name } = locate(document, path);
    if (parent === null)
      throw new DetailedError(`the update sets "${path}", which the document cannot contain`);
    (parent as { [name: string]: unknown })[name] = value;
  }
  return before;
}

function locate(document: Node, path: string): { parent: Node | null; name: string } {
  const names = path.split(".");
  const name = names.pop() as string;
  const parent = at(document, names);
  // An index far beyond the end would make an array of that length.
  const fits = !Array.isArray(parent) || (/^\d+$/.test(name) && Number(name) <= parent.length);
  return { parent: fits && name !== "__proto__" ? parent : null, name };
}

function at(document: Node, names: readonly string[]): Node | null {
  let node: unknown = document;
  for (const name of names) {
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, name)) return null;
    node = (node as { [name: string]: unknown })[name];
  }
  return typeof node === "object" && node !== null ? (node as Node) : null;
}

function list(raw: unknown): readonly unknown[] {
  return Array.isArray(raw) ? raw : [];
}
