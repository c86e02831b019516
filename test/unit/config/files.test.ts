import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { jsonSchema } from "../../../src/config/json-schema.ts";
import { readSettings } from "../../../src/config/read.ts";
import { Topology } from "../../../src/topology/topology.ts";

const files = suite("config: files in config/");

for (const name of ["minimal", "example", "local"]) {
  files(`${name}.yaml should be valid`, () => {
    const settings = readSettings(`config/${name}.yaml`, { SEGMENT_WRITE_KEY: "key" });
    assert.ok(new Topology(settings).topics.length > 0);
  });
}

files("example.yaml should show every setting", () => {
  const text = readFileSync("config/example.yaml", "utf8");
  // Commented settings count.
  const uncommented = text.replace(/^(\s*)# (?=(?:[a-zA-Z_]+:| {2}[a-zA-Z_]+:))/gm, "$1");
  const shown = new Set([...uncommented.matchAll(/([A-Za-z_]+):(?=\s)/g)].map(([, name]) => name));
  for (const name of settingNames(JSON.parse(jsonSchema())))
    assert.ok(shown.has(name), `${name} is not in example.yaml`);
  assert.ok(parse(text));
});

/** Every name that a settings object may have, at any depth. */
function settingNames(schema: unknown): Set<string> {
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const { type, properties } = node as { type?: unknown; properties?: object };
    if (type === "object" && properties)
      for (const name of Object.keys(properties)) names.add(name);
    for (const child of Object.values(node)) visit(child);
  };
  visit(schema);
  return names;
}

files.run();
