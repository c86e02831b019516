import { DetailedError } from "../../lib/errors.ts";
import { isObject, type JsonObject } from "../value/json.ts";
import { readDocument } from "./mongodb.ts";

/** A value of a document, changed in place: it was just parsed and is not shared. */
type Node = { [name: string]: unknown } | unknown[];

/**
 * The document after an update, from the previous document and `updateDescription`: fields set, fields removed and arrays
 * truncated, each by its dotted path. The document decides whether a number in a path is an index or a name; a name that
 * contains a dot cannot be distinguished from a path. MongoDB's manual, "update Event".
 * @throws Error if a part of it cannot be read
 */
export function updated(before: JsonObject, description: JsonObject): JsonObject {
  const document = before as Node;
  const set = description.updatedFields;
  const fields = typeof set === "string" ? readDocument(set) : set;
  // Truncate first: an array that was truncated and extended has its new items after the truncation.
  for (const pending of list(description.truncatedArrays)) {
    if (!isObject(pending)) continue;
    const array = nodeOf(document, String(pending.field).split("."));
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
  const parent = nodeOf(document, names);
  // An index far beyond the end would make an array of that length.
  const fits = !Array.isArray(parent) || (/^\d+$/.test(name) && Number(name) <= parent.length);
  return { parent: fits && name !== "__proto__" ? parent : null, name };
}

function nodeOf(document: Node, names: readonly string[]): Node | null {
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
