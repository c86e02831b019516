import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSettings } from "../../../src/config/read.ts";
import type { SyncFingerprint } from "../../../src/state/sync-versions.ts";
import { Topology } from "../../../src/topology/topology.ts";

const s = suite("topology: fingerprints are the same in every release");

/**
 * Fingerprints decide which rows a task sends again after an upgrade, so they must never change for settings that did
 * not change. These were computed by the first version. Each is: reading, filter, users, mapping.
 */
type Pinned = readonly [fingerprint: string, model: string, sync: string, more?: string];

const PINNED: readonly Pinned[] = [
  ["NOKKlBMBSSc3 HY_GzrH5TGMm b67dLcUOOcGf 9DDmc9k6w_iA", "topic: t", "type: identify, userId: id"],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm b67dLcUOOcGf eN0elwboxyBd",
    "topic: t",
    "type: identify, userId: id, traits: [email, plan]",
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm b67dLcUOOcGf riG2eYBhIAI-",
    "topic: t",
    "type: identify, userId: id, traits: {email: email, name: full_name}",
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm b67dLcUOOcGf DPbVqgQ5lWUd",
    "topic: t",
    "type: identify, userId: id, traits: {name: full_name, email: email}",
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm b67dLcUOOcGf zO-Zddal9RuP",
    "topic: t",
    'type: identify, userId: id, traits: "*"',
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm 0RfoketEcVHz 9DDmc9k6w_iA",
    "topic: t",
    "type: identify, anonymousId: device",
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm 1tv3KoXBPosT 9DDmc9k6w_iA",
    "topic: t",
    "type: identify, userId: id, anonymousId: device, missingUser: ignore",
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm nYSjqARJCvDZ 1SpsI_EORJ37",
    "topic: t",
    "type: identify, userId: {cel: string(row.id)}, traits: [a]",
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm sAxTa9x0sAFB 1SpsI_EORJ37",
    "topic: t",
    "type: identify, userId: {value: everyone}, traits: [a]",
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm b9m0yIjdyc1e alYal-yPhHw5",
    "topic: t",
    "type: identify, userId: prefs.owner, traits: {mrr: {cel: double(row.mrr) / 100.0}, source: {value: {b: 1, a: [2, null]}}}",
  ],
  [
    "eEUB_COfrG-M HY_GzrH5TGMm b67dLcUOOcGf 1SpsI_EORJ37",
    "topic: t, key: [id]",
    "type: identify, userId: id, traits: [a]",
  ],
  [
    "gsdmLUFDw1Ag HY_GzrH5TGMm b67dLcUOOcGf 1SpsI_EORJ37",
    "topic: t, key: [org, id]",
    "type: identify, userId: id, traits: [a]",
  ],
  [
    "3HfEJ87P6Q3P HY_GzrH5TGMm b67dLcUOOcGf 1SpsI_EORJ37",
    "topic: t, key: {organisation: org_id, id: id}",
    "type: identify, userId: id, traits: [a]",
  ],
  [
    "NOKKlBMBSSc3 2yBKYL3S0pqH b67dLcUOOcGf 1SpsI_EORJ37",
    "topic: t, where: row.plan != 'free'",
    "type: identify, userId: id, traits: [a]",
  ],
  [
    "NOKKlBMBSSc3 B6t2YM4K_3h_ b67dLcUOOcGf -VLbhUcnZ6_J",
    "topic: t, where: row.deleted_at == null && row.n > 1",
    "type: track-entered-exited, userId: id, properties: {audience: {value: paying}}, initialResults: send",
  ],
  [
    "reL18ufKBmMa HY_GzrH5TGMm b67dLcUOOcGf P6F_ehOrfG92",
    "topic: t, columns: {balance: {type: decimal, scale: 2}, prefs: json}",
    "type: identify, userId: id, traits: [balance]",
  ],
  [
    "nIFBMSNrJlhF HY_GzrH5TGMm b67dLcUOOcGf P6F_ehOrfG92",
    "topic: t, columns: {prefs: json, balance: {scale: 2, type: decimal}}",
    "type: identify, userId: id, traits: [balance]",
  ],
  [
    "k9nZc7obVr6S HY_GzrH5TGMm b67dLcUOOcGf P6F_ehOrfG92",
    "topic: t, columns: {balance: {type: decimal, scale: '${SCALE:-2}'}}",
    "type: identify, userId: id, traits: [balance]",
  ],
  [
    "wUJpvPe0JbA9 HY_GzrH5TGMm b67dLcUOOcGf 9DDmc9k6w_iA",
    "topic: t, columns: {updated_at: {unit: us, type: timestamp}, at: {type: time, unit: ms}}",
    "type: track, userId: id, events: {added: A}, timestamp: updated_at",
  ],
  [
    "jOgeisKWBeKy HY_GzrH5TGMm b67dLcUOOcGf DpSZjicFTx3n",
    "topic: t, columns: {a: boolean, b: int, c: double, d: string, e: bytes, f: date}",
    "type: track, userId: id, events: {added: A}, properties: [a, b, c]",
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm b67dLcUOOcGf bDT7WW1fO9XD",
    "topic: t",
    "type: track, userId: id, events: {added: A, changed: C, removed: R}, properties: [email], messageId: eid",
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm b67dLcUOOcGf u4F_MGFTl9ir",
    "topic: t",
    "type: track, userId: id, events: {changed: C}, watch: [plan, email]",
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm b67dLcUOOcGf 2uK0ZBk0HMDm",
    "topic: t",
    'type: track, userId: id, events: {changed: C}, watch: "*", properties: "*"',
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm b67dLcUOOcGf 9DDmc9k6w_iA",
    "topic: t",
    "type: track, userId: id, events: {removed: R}, initialResults: send, missingUser: stop",
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm b67dLcUOOcGf 6HG3vN7fOHGq",
    "topics: [t, u], beforeImage: full, onTruncate: ignore",
    "type: track, userId: id, events: {added: A}, properties: {x: a.b.c}",
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm b67dLcUOOcGf 9DDmc9k6w_iA",
    "topics: '/^t$/', unavailableValue: gone",
    "type: track, userId: id, events: {added: A}",
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm b67dLcUOOcGf 9DDmc9k6w_iA",
    "topic: t, keyChange: changed, keyChangeTimeout: 3s",
    "type: track, userId: id, events: {added: A}",
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm ZdgkKY4qgwuk 9DDmc9k6w_iA",
    "topic: t, reconcile: true, reconcileDelay: 5m",
    "type: track-entered-exited, userId: id, anonymousId: {cel: string(row.device)}",
  ],
  [
    "NOKKlBMBSSc3 HY_GzrH5TGMm b67dLcUOOcGf 9DDmc9k6w_iA",
    "topic: t",
    "type: track-entered-exited, userId: id, properties: {}",
    "checkpoint: {interval: 250ms, rows: 7, bytes: 2MB}\nlimits: {queueRecords: 10, queueBytes: 1MB, deliveryMessages: 9, deliveryBytes: 3MB}",
  ],
  [
    "CB4imxYaotQ7 9gd02LDcuebs 1tv3KoXBPosT cQw0R3y-4Nsq",
    "topic: t, where: \"row.a in ['b']\", key: [id], columns: {a: string, n: {type: int}}",
    "type: identify, userId: id, anonymousId: device, traits: {n: n, c: {cel: \"row.a + 'x'\"}}, watch: [n]",
    "state: {deleteRetention: 1d, memory: 64MB, onDataLoss: continue}\ndeadLetters: {maxConsecutive: 5, maxRatio: 0.25}\nsegment: {writeKey: other, linger: 5ms, timeout: 10s}",
  ],
];

for (const [pinned, model, sync, more = ""] of PINNED) {
  s(`should not change for ${model}; ${sync}; ${more.replaceAll("\n", "; ")}`, () => {
    const segment = more.includes("segment:") ? "" : "segment: {writeKey: k}";
    const text = `name: shop\n${segment}\n${more}\nmodels: {m: {${model}}}\nsyncs: {s: {model: m, ${sync}}}\n`;
    const topology = new Topology(parseSettings(text, "c.yaml", {})).get("t");
    const fingerprint = topology?.models[0]?.syncs[0]?.fingerprint as SyncFingerprint;
    const { type, reading, filter, users, mapping } = fingerprint;
    assert.is([reading, filter, users, mapping].join(" "), pinned);
    assert.ok(sync.startsWith(`type: ${type},`));
  });
}

s.run();
