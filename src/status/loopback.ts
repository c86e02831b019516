import { isIP } from "node:net";
import { networkInterfaces } from "node:os";

/** Whether only this machine can reach the host name or address. */
export function isLoopback(host: string): boolean {
  const name = plain(host);
  if (name === "localhost" || name === "::1") return true;
  return isIP(name) === 4 && name.startsWith("127.");
}

/** Whether a client with this address is on this machine: loopback, or an address of one of its interfaces. */
export function isThisMachine(address: string): boolean {
  if (isLoopback(address)) return true;
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  return own.some((one) => one.address === plain(address));
}

/** Without the brackets of a URL, the IPv6 prefix of an IPv4 address, and the zone of a link-local address. */
function plain(host: string): string {
  return host
    .replace(/^\[|\]$/g, "")
    .replace(/^::ffff:/, "")
    .replace(/%.*$/, "");
}
