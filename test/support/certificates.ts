import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../stack/run.ts";

/** Paths of PEM files. */
export type Certificate = {
  readonly cert: string;
  readonly key: string;
  /** Both in one file, as Kafka's PEM key store wants them. */
  readonly both: string;
};

export type Certificates = {
  readonly ca: Certificate;
  /** An authority that has signed none of these. */
  readonly otherCa: Certificate;
  /** For 127.0.0.1 and localhost. */
  readonly server: Certificate;
  /** By the same authority, for another host. */
  readonly elsewhere: Certificate;
  readonly client: Certificate;
};

/** Makes two authorities and what the first has signed, valid for a day. Needs `openssl` 3. */
export async function makeCertificates(directory: string): Promise<Certificates> {
  const authority = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"];
  const [ca, otherCa] = await Promise.all([
    make(directory, "ca", authority),
    make(directory, "other-ca", authority),
  ]);
  const [server, elsewhere, client] = await Promise.all([
    make(directory, "server", ["subjectAltName=IP:127.0.0.1,DNS:localhost"], ca),
    make(directory, "elsewhere", ["subjectAltName=DNS:kafka.example.com"], ca),
    make(directory, "client", ["extendedKeyUsage=clientAuth"], ca),
  ]);
  return { ca, otherCa, server, elsewhere, client };
}

async function make(
  directory: string,
  name: string,
  extensions: readonly string[],
  issuer?: Certificate,
): Promise<Certificate> {
  const path = (ending: string) => join(directory, `${name}.${ending}`);
  const made = { cert: path("pem"), key: path("key"), both: path("both.pem") };
  // A file of our own: the system's would make an authority of each.
  const head = "[req]\ndistinguished_name=subject\nx509_extensions=extensions\nprompt=no\n";
  const lines = [head, "[subject]", `CN=${name}`, "[extensions]", ...extensions];
  await writeFile(path("cnf"), `${lines.join("\n")}\n`);
  await run("openssl", [
    ...["req", "-x509", "-config", path("cnf"), "-days", "1"],
    ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    ...["-keyout", made.key, "-out", made.cert],
    ...(issuer ? ["-CA", issuer.cert, "-CAkey", issuer.key] : []),
  ]);
  await writeFile(made.both, [await readFile(made.key), await readFile(made.cert)]);
  return made;
}
