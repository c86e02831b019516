import { globSync, readFileSync } from "node:fs";

const ROOT = new URL("../../", import.meta.url);

/** Paths of all pages, relative to the repository. */
export const PAGES: readonly string[] = [
  ...["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"],
  ...globSync(["docs/**/*.md", "examples/**/*.md"], { cwd: ROOT.pathname }).toSorted(),
];

export function readPage(path: string): string {
  return readFileSync(new URL(path, ROOT), "utf8");
}

/** The page without its code blocks. */
export function proseOf(path: string): string {
  return readPage(path).replace(/^```[\s\S]*?^```$/gm, "");
}

/** The page's code blocks of one language. */
export function codeBlocks(path: string, language: string): readonly string[] {
  const blocks = readPage(path).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm);
  return [...blocks].flatMap(([, name, code = ""]) => (name === language ? [code] : []));
}

/** The page's anchors, as GitHub derives them from headings. */
export function anchorsOf(path: string): ReadonlySet<string> {
  return new Set(
    matches(/^#+ (.+)$/gm, proseOf(path)).map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** Distinct matches of the pattern, or of its first group that matched. */
export function matches(pattern: RegExp, text: string): readonly string[] {
  const found = [...text.matchAll(pattern)].map(
    ([whole, ...groups]) => groups.find((group) => group !== undefined) ?? whole,
  );
  return [...new Set(found)];
}
