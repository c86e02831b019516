import { SECRETS } from "./secrets.ts";

/** Files of settings as people write them wrongly around a secret, by what is wrong. */
export const WRONG_FILES: { readonly [what: string]: string } = {
  "a setting that there is not": segment(`{writeKey: ${s()}, writeKeyy: ${s()}, region: us}`),
  "no space after the colon": segment(`{writeKey:${s()}}`),
  "no space, in a block": segment(`\n  writeKey:${s()}`),
  "no space, before another line": segment(`\n  writeKey:${s()}\n  region: us`),
  "a value of no name": segment(`{${s()}}`),
  "an alias": segment(`{writeKey: *${s()}}`),
  "an anchor": segment(`{writeKey: &${s()}}`),
  "a tag": segment(`{writeKey: !${s()} [a]}`),
  "a block's head": segment(`\n  writeKey: |${s()}\n    x`),
  "a reserved sign": segment(`\n  writeKey: "@"${s()}`),
  "an escape": segment(`{writeKey: "\\q${s()}"}`),
  "a quote that does not end": segment(`\n  writeKey: "${s()}`),
  "a colon inside": segment(`\n  writeKey: ${s()}: ${s()}`),
  "a directive": `%${s()}\n---\nname: ${s()}\n`,
  "written twice": segment(`\n  writeKey: ${s()}\n  writeKey: ${s()}`),
  "a template": segment(`{writeKey: {{${s()}}}}`),
  "a template as the section": segment(`{{${s()}}}`),
  "a template as the file": `{{${s()}}}\n`,
  "a name of the file's top": `${s()}: 1\n`,
  "a list": segment(`{writeKey: [${s()}]}`),
  "a place of another setting": segment(`{writeKey: k, linger: ["x", {${s()}}]}`),
  "two files in one": `${segment(`{writeKey: ${s()}}`)}---\nname: ${s()}\n`,
  "a login before a broker": kafka(`{brokers: ["app:${s()}@127.0.0.1:1"]}`),
  "an address for a broker": kafka(`{brokers: ["SASL_SSL://app:${s()}@127.0.0.1:1"]}`),
  "a login in an address": registry(`http://app:${s()}@127.0.0.1:1`),
  "a login without slashes": registry(`http:app:${s()}@127.0.0.1:1`),
  "a login with one slash": registry(`http:/app:${s()}@127.0.0.1:1`),
  "a login with a slash in it": registry(`http://app:a/${s()}@127.0.0.1:1`),
  "a token in an address": registry(`http://127.0.0.1:1/?token=${s()}`),
  "a login at Segment": segment(`{writeKey: k, url: "https://app:${s()}@127.0.0.1:1"}`),
  "the key instead of its file": kafka(
    `{brokers: ["127.0.0.1:1"], tls: {key: "-----BEGIN PRIVATE KEY-----\\n${s()}"}}`,
  ),
  "a section in a list": kafka(`{brokers: ["127.0.0.1:1"], sasl: [{password: ${s()}}]}`),
  "a variable that is not set": segment(`{writeKey: "\${NOWHERE}${s()}", region: "\${NOWHERE}"}`),
  "a long variable elsewhere": `name: "a b \${LONG}"\n`,
  "a variable with quotes elsewhere": `name: "a b \${QUOTED}"\n`,
  "variables in a list": `models: {a: {topics: [1, "\${LONG}", "\${QUOTED}"]}}\n`,
  "a variable in a filter": `${segment("{writeKey: k}")}models: {a: {topic: t, where: "row. \${QUOTED}"}}\n`,
};

function s(): string {
  return SECRETS.plain;
}

function segment(text: string): string {
  return `name: wrong\nsegment: ${text}\n`;
}

function kafka(text: string): string {
  return `${segment("{writeKey: k}")}kafka: ${text}\n`;
}

function registry(url: string): string {
  return kafka(`{brokers: ["127.0.0.1:1"], schemaRegistry: {url: "${url}"}}`);
}
