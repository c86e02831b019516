/**
 * JSON as a tree that also holds what JavaScript objects cannot: a duplicate name, a number outside the range of a
 * double, a member `__proto__`.
 */
export type Tree = Member[] | { list: Tree[] } | { raw: string };
type Member = { name: string; value: Tree };

export function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { list: value.map(treeOf) };
  if (typeof value !== "object" || value === null) return { raw: JSON.stringify(value) };
  return Object.entries(value).map(([name, item]) => ({ name, value: treeOf(item) }));
}

export function textOf(tree: Tree): string {
  if ("raw" in tree) return tree.raw;
  if ("list" in tree) return `[${tree.list.map(textOf).join()}]`;
  return `{${tree.map(({ name, value }) => `${JSON.stringify(name)}:${textOf(value)}`).join()}}`;
}

/** Every member of every object, with its object and index. */
export function membersOf(tree: Tree): { readonly object: Member[]; readonly index: number }[] {
  if ("raw" in tree) return [];
  if ("list" in tree) return tree.list.flatMap(membersOf);
  return tree.flatMap(({ value }, index) => [{ object: tree, index }, ...membersOf(value)]);
}
