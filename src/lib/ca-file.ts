import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { CdcError, messageOf } from "./errors.ts";

/**
 * The CA certificate that a setting names. It is checked here because Node.js accepts any text and then trusts no server.
 * @throws CdcError CONFIGURATION if the file cannot be read or is not a certificate
 */
export function readCaFile(setting: string, path: string): Buffer {
  try {
    const bytes = readFileSync(path);
    new X509Certificate(bytes);
    return bytes;
  } catch (cause) {
    const text = `${setting}: ${path} cannot be read as a PEM certificate: ${messageOf(cause)}`;
    throw new CdcError("CONFIGURATION", text, { cause });
  }
}
