import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import versions from "../stack/versions.json" with { type: "json" };

const KAFKA = `apache/kafka:${versions.kafka}`;
const NODE = `node:${versions.node}-slim`;
const SERVICES = [
  KAFKA,
  `apicurio/apicurio-registry-mem:${versions.apicurio}`,
  NODE,
  `postgres:${versions.postgres}`,
];

test("docker-compose.yml names the versions that the tests run on, and every one of them", () => {
  const { services } = parse(read("docker-compose.yml"));
  const images: string[] = Object.values<{ image?: string }>(services).flatMap(
    (service) => service.image ?? [],
  );
  assert.equal([...new Set(images)].sort(), SERVICES.toSorted());
});

test("what docker-compose.yml builds is a stage of the Dockerfile; the application is the last one", () => {
  const { services } = parse(read("docker-compose.yml"));
  const stages = bases().map(({ stage }) => stage);
  assert.ok(stages.includes(services.connect.build.target));
  assert.is(services.app.build, ".");
  assert.is(stages.at(-1), undefined);
});

test("Dockerfile builds and runs on the versions that the tests run on", () => {
  const images = new Set(bases().map(({ image }) => image));
  assert.equal([...images], [`maven:${versions.mavenImage}`, KAFKA, NODE]);
  const { devDependencies } = JSON.parse(read("package.json"));
  assert.is(devDependencies.node.split(".")[0], versions.node);
});

test.run();

function bases(): { image: string; stage: string | undefined }[] {
  return [...read("Dockerfile").matchAll(/^FROM (\S+)(?: AS (\S+))?$/gm)].map(
    ([, image = "", stage]) => ({ image, stage }),
  );
}

function read(file: string): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
}
