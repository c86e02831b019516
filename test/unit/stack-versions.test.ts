import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import versions from "../stack/versions.json" with { type: "json" };

const IMAGES: Record<string, string> = {
  "apache/kafka": versions.kafka,
  "apicurio/apicurio-registry-mem": versions.apicurio,
  node: `${versions.node}-slim`,
  postgres: versions.postgres,
  "quay.io/debezium/connect": versions.debezium,
};

test("docker-compose.yml names the versions that the tests run on, and every one of them", () => {
  const { services } = parse(read("docker-compose.yml"));
  const images: string[] = Object.values<{ image?: string }>(services).flatMap(
    (service) => service.image ?? [],
  );
  const expected = Object.entries(IMAGES).map(([name, tag]) => `${name}:${tag}`);
  assert.equal([...new Set(images)].sort(), expected.sort());
});

test("Dockerfile builds and runs on the Node.js that the tests run on", () => {
  const bases = [...read("Dockerfile").matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
  assert.equal([...new Set(bases)], [`node:${IMAGES.node}`]);
  const { devDependencies } = JSON.parse(read("package.json"));
  assert.is(devDependencies.node.split(".")[0], versions.node);
});

test.run();

function read(file: string): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
}
