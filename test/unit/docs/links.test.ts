import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { anchorsOf, matches, PAGES, proseOf, readPage } from "../../support/pages.ts";

const s = suite("docs: links");

const ROOT = new URL("../../../", import.meta.url).pathname;

/** Links of a page to files of the repository, as written. */
function linksOf(page: string): readonly string[] {
  const links = matches(/\]\(([^)\s]+)\)|^\[\w+\]: (\S+)$|\bsrc="([^"]+)"/gm, proseOf(page));
  return links.filter((link) => !/^https?:/.test(link));
}

/** The path a link leads to, relative to the repository. */
function targetOf(page: string, link: string): string {
  const [path = ""] = link.split("#");
  return path === "" ? page : normalize(join(dirname(page), path));
}

for (const page of PAGES) {
  s(`${page} should link to files and headings that exist`, () => {
    for (const link of linksOf(page)) {
      const target = targetOf(page, link);
      assert.ok(existsSync(join(ROOT, target)), `${page}: ${link}`);
      const [, anchor] = link.split("#");
      if (anchor !== undefined) assert.ok(anchorsOf(target).has(anchor), `${page}: ${link}`);
    }
  });

  s(`${page} should define its named links`, () => {
    const text = proseOf(page);
    for (const name of matches(/\]\[(\w+)\]/g, text))
      assert.ok(text.includes(`\n[${name}]: `), `${page}: [${name}]`);
  });

  s(`${page} should name paths that exist`, () => {
    for (const path of matches(/`((?:config|deploy|src|test)\/[\w./-]*\w)\/?`/g, readPage(page)))
      assert.ok(existsSync(join(ROOT, path)), `${page}: ${path}`);
  });
}

for (const file of ["deploy/kubernetes.yaml", "deploy/prometheus/alerts.yaml"])
  s(`${file} should name pages and headings that exist`, () => {
    const text = readPage(file);
    const pages = matches(/docs\/[\w./-]+\.md/g, text);
    assert.ok(pages.length > 0);
    for (const page of pages) assert.ok(PAGES.includes(page), `${file}: ${page}`);
    for (const [, heading, page = ""] of text.matchAll(/\\"([A-Z][\w ]+)\\" in (\S+\.md)/g))
      assert.ok(readPage(page).includes(`\n## ${heading}\n`), `${file}: ${heading}`);
  });

s("every page should be reachable from the README", () => {
  const reached = new Set(["README.md"]);
  for (const page of reached)
    for (const link of linksOf(page)) {
      const target = targetOf(page, link);
      if (target.endsWith(".md") && PAGES.includes(target)) reached.add(target);
    }
  assert.equal([...reached].toSorted(), PAGES.toSorted());
});

s("the README should fit on a few screens", () => {
  assert.ok(readPage("README.md").split("\n").length <= 150);
});

s.run();
