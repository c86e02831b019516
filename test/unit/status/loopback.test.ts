import { networkInterfaces } from "node:os";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isLoopback, isThisMachine } from "../../../src/status/loopback.ts";

const s = suite("telemetry: whose machine asks");

for (const host of ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1"])
  s(`should take ${host} for loopback`, () => {
    assert.equal([isLoopback(host), isThisMachine(host)], [true, true]);
  });

/** Addresses of documentation, which nobody has, and names that only begin alike. */
for (const host of ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "127.example.com", ""])
  s(`should take ${host || "nothing"} for another machine`, () => {
    assert.equal([isLoopback(host), isThisMachine(host)], [false, false]);
  });

s("should know every address of its own, and that it is not loopback", () => {
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  for (const { address, family, internal, cidr } of all) {
    assert.ok(isThisMachine(address), String(cidr));
    if (family === "IPv4") assert.ok(isThisMachine(`::ffff:${address}`), address);
    else assert.ok(isThisMachine(`${address}%eth0`), address);
    assert.is(isLoopback(address), internal && /^127\.|^::1$/.test(address), address);
  }
});

s.run();
