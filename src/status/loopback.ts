import { isIP } from "node:net";
import { networkInterfaces } from "node:os";

/** Whether the name, or the address, is one that only this machine reaches. */
export function isLoopback(host: string): boolean {
  const name = plain(host);
  if (name === "localhost" || name === "::1") return true;
  return isIP(name) === 4 && name.startsWith("127.");
}

/** Whether who connects from this address is on this machine: it is loopback, or an address of its own. */
export function isThisMachine(address: string): boolean {
  if (isLoopback(address)) return true;
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  return own.some((one) => one.address === plain(address));
}

/** Without the brackets of a URL, IPv6's prefix of an IPv4 address, and the zone of a link. */
function plain(host: string): string {
  return host
    .replace(/^\[|\]$/g, "")
    .replace(/^::ffff:/, "")
    .replace(/%.*$/, "");
}
