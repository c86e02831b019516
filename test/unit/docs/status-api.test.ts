import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counters } from "../../../src/metrics/counters.ts";
import { matches, readPage } from "../../support/pages.ts";

const s = suite("docs: status API");

const PAGE = "docs/reference/status-api.md";

s("should document every member of the responses", () => {
  const documented = matches(/`(\w+)`/g, readPage(PAGE));
  const members = [
    ...matches(/^\s*(?:readonly )?(\w+)\??: /gm, readPage("src/status/status.ts")),
    ...Object.keys(new Counters().sync("any")),
  ];
  assert.ok(members.length > 50);
  assert.equal(
    members.filter((member) => !documented.includes(member)),
    [],
  );
});

s("should document every path", () => {
  const sources = readPage("src/status/status-server.ts") + readPage("src/status/explain-route.ts");
  const paths = matches(/\bget\(\s*"(\/[\w/-]*)"/g, sources);
  assert.ok(paths.length > 5, paths.join());
  for (const path of paths) assert.ok(readPage(PAGE).includes(`\`GET ${path}\``), path);
});

s.run();
