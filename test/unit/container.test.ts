import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { readSettings } from "../../src/config/read.ts";

const s = suite("the container: not root, writes only its state");

/** The instructions of the last stage, which makes the image. */
const instructions = read("Dockerfile")
  .replaceAll("\\\n", " ")
  .split("\n")
  .filter((line) => /^[A-Z]/.test(line))
  .map((line) => /^(\S+) (.*)$/.exec(line)?.slice(1) as [string, string]);
const image = instructions.slice(instructions.findLastIndex(([name]) => name === "FROM"));
const { app } = parse(read("docker-compose.yml")).services;

s("should run as a numeric user other than root", () => {
  const users = image.filter(([name]) => name === "USER").map(([, user]) => user);
  assert.is(users.length, 1);
  assert.match(users[0] ?? "", /^[1-9]\d*:[1-9]\d*$/);
  assert.is(app.user, undefined);
});

s("should own only its state directory", () => {
  const owning = image.filter(([, text]) => /chown|chmod/.test(text)).map(([, text]) => text);
  assert.equal(owning, ["mkdir state && chown node:node state"]);
});

s("should have its default state directory in a volume", () => {
  const { directory } = readSettings("config/minimal.yaml", { SEGMENT_WRITE_KEY: "key" }).state;
  const [, workdir] = image.findLast(([name]) => name === "WORKDIR") ?? [];
  const volume = new URL(directory, `file://${workdir}/`).pathname;
  assert.equal(
    image.filter(([name]) => name === "VOLUME"),
    [["VOLUME", volume]],
  );
  assert.ok(app.volumes.some((mount: string) => mount.endsWith(`:${volume}`)));
});

s("should run without privileges in docker-compose.yml", () => {
  assert.is(app.read_only, true);
  assert.equal(app.tmpfs, ["/tmp"]);
  assert.equal(app.cap_drop, ["ALL"]);
  assert.is(app.cap_add, undefined);
  assert.equal(app.security_opt, ["no-new-privileges:true"]);
  assert.is(app.privileged, undefined);
});

s("should publish its status port only on loopback, with a health check", () => {
  const environment = { ...app.environment, SEGMENT_WRITE_KEY: "key" };
  const { status } = readSettings("config/local.yaml", environment);
  const { host, port } = status as Exclude<typeof status, "off">;
  assert.is(host, "0.0.0.0");
  assert.equal(app.ports, [`127.0.0.1:${port}:${port}`]);
  assert.ok(image.some(([name, text]) => name === "EXPOSE" && text === `${port}`));
  assert.ok(app.healthcheck.test.at(-1).includes(`http://127.0.0.1:${port}/ready`));
});

s.run();

function read(file: string): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
}
