import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { CdcError, messageOf } from "./errors.ts";

/**
 * The certificate of an authority that a setting names. Node takes any text for one, and then trusts nobody.
 * @throws CdcError CONFIGURATION where the file cannot be read or is none
 */
export function readCaFile(setting: string, path: string): Buffer {
  try {
    const bytes = readFileSync(path);
    new X509Certificate(bytes);
    return bytes;
  } catch (cause) {
    const text = `${setting}: ${path} cannot be read as a certificate in PEM: ${messageOf(cause)}`;
    throw new CdcError("CONFIGURATION", text, { cause });
  }
}
