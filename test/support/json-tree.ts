/**
 * JSON taken apart so that a test can break it in ways that JavaScript's own objects cannot hold: a name that stands
 * twice, a number beyond all doubles, a member `__proto__`.
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

/** Every member of every object in it, with the object that holds it. */
export function membersOf(tree: Tree): { readonly of: Member[]; readonly at: number }[] {
  if ("raw" in tree) return [];
  if ("list" in tree) return tree.list.flatMap(membersOf);
  return tree.flatMap(({ value }, at) => [{ of: tree, at }, ...membersOf(value)]);
}
