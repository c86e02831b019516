import { spawn } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Status } from "../../src/status/status.ts";
import { DemoOnTerminal } from "../support/demo-on-terminal.ts";

/** The package of `npm pack`, installed into an empty directory, is the same program as the source tree. */

const ROOT = new URL("../..", import.meta.url).pathname;
const RECORDS = join(ROOT, "test/fixtures/pg-json-schemaless/records.ndjson.gz");

const PAGE = join(ROOT, "src/status/page");
const MANIFEST = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const COMMAND = "node_modules/.bin/cdc-to-segment";

/** The oldest Node that package.json allows; the other is the one that runs the tests. */
const OLDEST = "22.18.0";

/** JavaScript alone, on a Node that would read TypeScript too. */
const FLAGS = ["--no-experimental-strip-types"];

const SETTINGS = {
  name: "packed",
  segment: { writeKey: "none" },
  models: { users: { topic: "pgjson.public.users", where: "row.id > 1" } },
  syncs: { profile: { model: "users", type: "identify", userId: "id", traits: "*" } },
};

const test = suite("the package");
const directory = mkdtempSync(join(tmpdir(), "pack-"));
const home = join(directory, "installed");
const config = join(home, "config.json");
let tarball = "";
let oldest = "";

test.before(() =>
  setUp().catch((error) => {
    // uvu shows nothing of a failed `before`.
    console.error(error);
    throw error;
  }),
);

test.after(() => rmSync(directory, { recursive: true }));

async function setUp(): Promise<void> {
  const printed = await npm(ROOT, ["pack", "--json", "--pack-destination", directory]);
  tarball = join(directory, /"filename": "([^"]+\.tgz)"/.exec(printed)?.[1] ?? "");
  await install(home, { dependencies: { "cdc-to-segment": `file:${tarball}` } });
  const node = join(directory, "node");
  await install(node, { dependencies: { node: OLDEST }, allowScripts: { node: true } });
  oldest = join(node, "node_modules/.bin/node");
  writeFileSync(config, JSON.stringify(SETTINGS));
}

test("should hold the compiled sources, the status page, the configuration with the demo's feed, and the texts", async () => {
  const { stdout } = await run("tar", ["-tzf", tarball]);
  const found = stdout.trim().split("\n").toSorted();
  const sources = globSync("src/**/*.{ts,js,css,html,svg}", { cwd: ROOT });
  // The status page is packed as it stands.
  const built = sources
    .filter((file) => !file.endsWith(".d.ts"))
    .map((file) => file.replace(/^src/, "dist").replace(/\.ts$/, ".js"));
  assert.ok(built.includes("dist/status/page/page.html"));
  const configuration = globSync("config/**/*.*", { cwd: ROOT });
  assert.ok(configuration.includes("config/demo/feed.ndjson.gz"));
  const docs = globSync(
    ["docs/**/*.md", "examples/**/*.*", "{CHANGELOG,CONTRIBUTING,SECURITY}.md"],
    { cwd: ROOT },
  );
  const wanted = [...built, ...configuration, "LICENSE", "README.md", "package.json", ...docs];
  assert.equal(found, wanted.map((file) => `package/${file}`).toSorted());
});

test("should need nothing of a TypeScript compiler, nor of the tests' tools", () => {
  const brought = globSync("node_modules/*/package.json", { cwd: home });
  for (const tool of ["typescript", "uvu", "@biomejs", "knip", "node"])
    assert.not.ok(brought.includes(`node_modules/${tool}/package.json`), tool);
});

for (const [name, node] of [
  [`Node ${OLDEST}`, () => oldest],
  [`Node ${process.versions.node}`, () => process.execPath],
] as const) {
  test(`${name} should be what it says`, async () => {
    const { stdout } = await run(node(), ["--version"]);
    assert.is(`Node ${stdout.trim().slice(1)}`, name);
  });

  test(`${name}: --help, check and preview should say what they say from the source tree`, async () => {
    const previewed = ["preview", "--config", config, RECORDS];
    for (const args of [["--help"], ["check", "--config", config], previewed]) {
      const packed = await installed(node(), args);
      assert.is(packed.code, 0, packed.stderr);
      assert.equal(packed, await fromSources(args));
    }
    const { stdout } = await installed(node(), previewed);
    assert.match(stdout, /"type":"identify","userId":"\d+"/);
  });

  test(`${name}: demo should find its feed and its settings, and show the same`, async () => {
    const packed = await installed(node(), ["demo"]);
    assert.is(packed.code, 0, packed.stderr);
    assert.match(packed.stdout, "Settings: node_modules/cdc-to-segment/config/demo/demo.yaml");
    assert.equal(sums(packed.stdout), sums((await fromSources(["demo"])).stdout));
  });

  test(`${name}: the demo's status page should be whole`, async () => {
    const demo = new DemoOnTerminal([node(), ...FLAGS, join(home, COMMAND)]);
    const address = await demo.page();
    try {
      const page = await fetch(address);
      assert.is(page.status, 200);
      assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
      assert.is(await page.text(), pageFile("page.html"));
      for (const file of globSync("*.{js,css,svg}", { cwd: PAGE })) {
        const part = await fetch(`${address}page/${file}`);
        assert.is(part.status, 200, file);
        assert.is(await part.text(), pageFile(file));
      }
      const status = (await (await fetch(`${address}status`)).json()) as Status;
      assert.equal([status.pipeline, status.version], ["demo", MANIFEST.version]);
      await demo.waitFor(/(The status page stays)/);
    } finally {
      await demo.pressCtrlC();
    }
    assert.is(await demo.ended, 0);
  });
}

test("run should start, and say which brokers do not answer", async () => {
  const alone = { ...SETTINGS, status: { port: 0 }, kafka: { brokers: ["127.0.0.1:9"] } };
  writeFileSync(join(home, "alone.json"), JSON.stringify(alone));
  const { code, stderr } = await installed(oldest, ["run", "--config", "alone.json"]);
  assert.is(code, 1, stderr);
  assert.match(stderr, /status port open/);
  const last = stderr.trim().split("\n").at(-1) ?? "";
  assert.match(
    last,
    /"code":"BROKER_UNREACHABLE".*at 127\.0\.0\.1:9 \(kafka\.brokers\): .*ECONNREFUSED/,
  );
});

test("the README's links should lead to packed files", () => {
  const packed = join(home, "node_modules/cdc-to-segment");
  const readme = readFileSync(join(packed, "README.md"), "utf8");
  const links = [...readme.matchAll(/\]\(([^)#\s]+)/g)].map(([, link = ""]) => link);
  assert.ok(links.length > 5);
  for (const link of links) assert.ok(existsSync(join(packed, link)), link);
});

function pageFile(name: string): string {
  return readFileSync(join(PAGE, name), "utf8");
}

/** What a demo counted; how long it took, and in how many requests, differs from run to run. */
function sums(shown: string): readonly string[] {
  const counted = shown.split("\n").filter((line) => /^ +\d+ {2}/.test(line));
  assert.ok(counted.length > 8, shown);
  return counted.toSorted();
}

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs the command that npm links, in the directory of the installation. */
function installed(node: string, args: readonly string[]): Promise<Ended> {
  return run(node, [...FLAGS, COMMAND, ...args]);
}

function fromSources(args: readonly string[]): Promise<Ended> {
  return run(process.execPath, [join(ROOT, "src/main.ts"), ...args]);
}

async function install(into: string, manifest: object): Promise<void> {
  mkdirSync(into);
  writeFileSync(join(into, "package.json"), JSON.stringify({ private: true, ...manifest }));
  await npm(into, ["install", "--no-audit", "--no-fund", "--prefer-offline"]);
}

async function npm(cwd: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run("npm", args, cwd);
  assert.is(code, 0, `npm ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

function run(command: string, args: readonly string[], cwd = home): Promise<Ended> {
  // An npm that runs the tests says where it was called; the one called here has to look for itself.
  const env = Object.entries(process.env).filter(
    ([name]) => !/^npm_(?!config_registry)/i.test(name),
  );
  const child = spawn(command, args, { cwd, env: Object.fromEntries(env), timeout: 300_000 });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

test.run();
