import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseAllDocuments } from "yaml";
import { parseSettings } from "../../../src/config/read.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { StatusServer } from "../../../src/status/status-server.ts";
import { Telemetry } from "../../../src/status/telemetry.ts";
import { Topology } from "../../../src/topology/topology.ts";

const s = suite("deploy: Kubernetes");

type Named = { readonly metadata: { readonly name: string } };

s("should have settings that are valid, and reach what it names", () => {
  const settings = kubernetesSettings();
  assert.ok(new Topology(settings).topics.length > 0);
  const { volumeMounts, ports, args, env } = container();
  const mounts = volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);
  assert.ok(mounts.includes(settings.state.directory));
  assert.ok(mounts.some((path: string) => args.at(-1) === `${path}/config.yaml`));
  const status = settings.status as { host: string; port: number };
  assert.equal([status.host, status.port], ["0.0.0.0", ports[0].containerPort]);
  assert.equal(
    env.map(({ name }: { name: string }) => name),
    ["SEGMENT_WRITE_KEY"],
  );
  const { spec } = kind("StatefulSet");
  assert.is(spec.volumeClaimTemplates[0].metadata.name, "state");
  assert.is(kind("Service").metadata.name, spec.serviceName);
  for (const selector of [
    kind("Service").spec.selector,
    kind("PodDisruptionBudget").spec.selector.matchLabels,
  ])
    assert.equal(selector, spec.template.metadata.labels);
});

s("should name the parts of itself as they are called", () => {
  const { metadata, spec } = kind("StatefulSet");
  const pod = spec.template.spec;
  assert.equal(spec.selector.matchLabels, spec.template.metadata.labels);
  const { name } = metadata;
  for (const { metadata } of documents()) assert.equal(metadata, { name, labels: { app: name } });
  const { volumeMounts, ports, livenessProbe, readinessProbe } = container();
  const volumes = [
    ...pod.volumes,
    ...spec.volumeClaimTemplates.map(({ metadata }: Named) => metadata),
  ];
  assert.equal(
    volumeMounts.map(({ name }: { name: string }) => name).toSorted(),
    volumes.map(({ name }: { name: string }) => name).toSorted(),
  );
  const { configMap } = pod.volumes.find(({ name }: { name: string }) => name === "config");
  assert.is(configMap.name, kind("ConfigMap").metadata.name);
  const [{ name: port, containerPort }] = ports;
  const [service] = kind("Service").spec.ports;
  assert.equal([service.targetPort, service.port], [port, containerPort]);
  for (const { httpGet } of [livenessProbe, readinessProbe]) assert.is(httpGet.port, port);
  const { annotations } = spec.template.metadata;
  assert.is(annotations["prometheus.io/port"], String(containerPort));
  assert.is(annotations["prometheus.io/scrape"], "true");
});

s("should run the image of this version, as its user, who owns the volume", () => {
  const { name, version } = JSON.parse(read("package.json"));
  assert.is(container().image, `${name}:${version}`);
  const { securityContext } = kind("StatefulSet").spec.template.spec;
  const { runAsUser, runAsGroup, fsGroup } = securityContext;
  const [, user, group] = /^USER (\d+):(\d+)$/m.exec(read("Dockerfile")) ?? [];
  assert.equal([runAsUser, runAsGroup, fsGroup].map(String), [user, group, group]);
});

s(
  "should have the volumes and pods that the operator's page and the alert on the disk name",
  () => {
    const { metadata, spec } = kind("StatefulSet");
    const claim = `${spec.volumeClaimTemplates[0].metadata.name}-${metadata.name}-`;
    const page = read("docs/operations/runbook.md") + read("docs/operations/upgrading.md");
    const named = (pattern: RegExp) => [...page.matchAll(pattern)].map(([, name]) => name);
    assert.equal(named(/delete pvc (\S+?)\d+ /g), [claim]);
    assert.equal(named(/delete pod (\S+?-)\d+/g), [`${metadata.name}-`]);
    assert.equal(named(/statefulset (\S+)/g), [metadata.name]);
    const alerts = read("deploy/prometheus/alerts.yaml");
    const [, ofAlert] = /persistentvolumeclaim=~"(.*)\.\*"/.exec(alerts) ?? [];
    assert.is(ofAlert, claim);
  },
);

s("should ask paths that the status port has", async () => {
  const { livenessProbe, readinessProbe } = container();
  const { annotations } = kind("StatefulSet").spec.template.metadata;
  const paths = [livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path);
  for (const path of [...paths, annotations["prometheus.io/path"]])
    assert.is.not(await statusOf(path), 404, path);
  assert.equal(paths, ["/live", "/ready"]);
});

s("should run without a right that is not needed, and end cleanly", () => {
  const { spec } = kind("StatefulSet").spec.template;
  const { securityContext } = container();
  assert.is(spec.securityContext.runAsNonRoot, true);
  assert.is(securityContext.readOnlyRootFilesystem, true);
  assert.is(securityContext.allowPrivilegeEscalation, false);
  assert.equal(securityContext.capabilities, { drop: ["ALL"] });
  const [, deadline = ""] = /STOP_DEADLINE_MS = ([\d_]+)/.exec(read("src/pipeline.ts")) ?? [];
  assert.ok(spec.terminationGracePeriodSeconds > Number(deadline.replace("_", "")) / 1_000 + 5);
});

s("should have a limit of memory that the alert on it knows", () => {
  const alerts = read("deploy/prometheus/alerts.yaml");
  const [, expr = ""] = /alert: CdcToSegmentMemory\n[\s\S]*?expr: (.*)\n/.exec(alerts) ?? [];
  const [, part, ...factors] = /> ([\d.]+) \* (\d+) \* (\d+) \* (\d+)$/.exec(expr) ?? [];
  const limit = factors.reduce((product, factor) => product * Number(factor), 1);
  assert.is(Number(part), 0.9);
  assert.is(`${limit / 1024 ** 3}Gi`, container().resources.limits.memory);
});

s.run();

// biome-ignore lint/suspicious/noExplicitAny: what Kubernetes takes is its own affair
function documents(): any[] {
  return parseAllDocuments(read("deploy/kubernetes.yaml")).map((one) => one.toJS());
}

function kind(name: string) {
  return documents().find(({ kind }) => kind === name);
}

function container() {
  return kind("StatefulSet").spec.template.spec.containers[0];
}

function kubernetesSettings() {
  return parseSettings(kind("ConfigMap").data["config.yaml"], "kubernetes.yaml", {
    SEGMENT_WRITE_KEY: "key",
  });
}

/** What a status port that nothing runs behind answers with. */
async function statusOf(path: string): Promise<number> {
  const source = {
    status: {
      ...{ isJoined: false, reason: null, rebalances: 0 },
      restarts: { crashed: 0, lost: 0, stalled: 0 },
      next: new Map(),
    },
    ends: async () => new Map(),
  };
  const telemetry = new Telemetry({
    pipeline: "a",
    version: "1",
    counters: new Counters(),
    source,
  });
  const about = {
    host: "127.0.0.1",
    port: 0,
    telemetry,
    syncs: [],
    settings: {},
    deadLetterTopic: "a.dead-letters",
  };
  const server = await StatusServer.open(about);
  try {
    return (await fetch(server.url + path)).status;
  } finally {
    await server.close();
  }
}

function read(file: string): string {
  return readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8");
}
