import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseAllDocuments } from "yaml";
import { parseSettings } from "../../src/config/read.ts";
import { Topology } from "../../src/topology/topology.ts";
import { assertPreview, directoryOf, fileOf } from "../support/example.ts";

/** The examples that need no service; the others are in test/integration/examples.test.ts. */

const test = suite("examples");

const SIDECAR = "06-kubernetes-sidecar";

for (const example of [
  "01-identify",
  "02-track-lifecycle",
  "03-entered-exited",
  "05-several-processes",
])
  test(`${example} should print the expected messages`, () => assertPreview(example));

test("should be listed in their README, all of them", () => {
  const directories = readdirSync(directoryOf("."), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const listed = [...fileOf(".", "README.md").matchAll(/^\| \[(.+)\]\((.+)\/README\.md\)/gm)];
  assert.equal(
    listed.map(([, name, link]) => [name, link]),
    directories.toSorted().map((name) => [name, name]),
  );
});

test(`${SIDECAR} should have settings that are valid, and mounts for what they name`, () => {
  const { spec } = podTemplate();
  const [sidecar] = spec.initContainers;
  const settings = parseSettings(manifest("ConfigMap").data["config.yaml"], "deployment.yaml", {
    SEGMENT_WRITE_KEY: "key",
  });
  assert.ok(new Topology(settings).topics.length > 0);
  assert.equal(
    sidecar.env.map(({ name }: { name: string }) => name),
    ["SEGMENT_WRITE_KEY"],
  );
  const mounted = (name: string) =>
    sidecar.volumeMounts.find((mount: { name: string }) => mount.name === name).mountPath;
  assert.is(settings.state.directory, mounted("state"));
  assert.equal(sidecar.args, ["run", "--config", `${mounted("config")}/config.yaml`]);
  assert.equal(settings.status, { host: "0.0.0.0", port: sidecar.ports[0].containerPort });
  const config = spec.volumes.find(({ name }: { name: string }) => name === "config");
  assert.is(config.configMap.name, manifest("ConfigMap").metadata.name);
  assert.equal(
    spec.volumes.map(({ name }: { name: string }) => name).toSorted(),
    sidecar.volumeMounts.map(({ name }: { name: string }) => name).toSorted(),
  );
});

test(`${SIDECAR} should run the image of this version beside the application`, () => {
  const { spec, metadata } = podTemplate();
  const [sidecar] = spec.initContainers;
  const { name, version } = JSON.parse(read("package.json"));
  assert.is(sidecar.image, `${name}:${version}`);
  assert.is(sidecar.restartPolicy, "Always");
  assert.is(spec.containers.length, 1);
  assert.equal(manifest("Deployment").spec.selector.matchLabels, metadata.labels);
  assert.is(metadata.annotations["prometheus.io/port"], String(sidecar.ports[0].containerPort));
  assert.is(sidecar.livenessProbe.httpGet.port, sidecar.ports[0].name);
  const { runAsUser, runAsGroup } = sidecar.securityContext;
  assert.ok(read("Dockerfile").includes(`\nUSER ${runAsUser}:${runAsGroup}\n`));
  assert.is(spec.securityContext.fsGroup, runAsGroup);
});

// biome-ignore lint/suspicious/noExplicitAny: the form of a manifest is Kubernetes' own
function manifest(kind: string): any {
  return parseAllDocuments(fileOf(SIDECAR, "deployment.yaml"))
    .map((document) => document.toJS())
    .find((one) => one.kind === kind);
}

function podTemplate() {
  return manifest("Deployment").spec.template;
}

function read(file: string): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
}

test.run();
