import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const s = suite("what we depend on: pinned, checked by its hash, explained");

const { dependencies, devDependencies } = JSON.parse(read("package.json"));
const { packages } = JSON.parse(read("package-lock.json"));

s("should be named in one version, each", () => {
  for (const [name, version] of Object.entries<string>({ ...dependencies, ...devDependencies }))
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
});

s("should be locked with a hash, down to the last", () => {
  for (const [path, { integrity, link }] of Object.entries<{ integrity?: string; link?: boolean }>(
    packages,
  ))
    assert.ok(path === "" || link || integrity?.startsWith("sha512-"), path);
});

s("should be justified in docs/internals/decisions.md, each of them and no other", () => {
  const [, table = ""] = read("docs/internals/decisions.md").split("\n## Dependencies\n");
  const rows = [...table.matchAll(/^\| (\S+) \| [^|]+ \| [^|]+ \|$/gm)].map(([, name]) => name);
  assert.equal(
    rows.filter((name) => name !== "dependency").toSorted(),
    Object.keys(dependencies).toSorted(),
  );
});

s.run();

function read(file: string): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
}
