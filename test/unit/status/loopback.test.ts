import { networkInterfaces } from "node:os";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isLoopback, isThisMachine } from "../../../src/status/loopback.ts";

const s = suite("telemetry: whose machine asks");

for (const host of ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1"])
  s(`should recognise ${host} as loopback`, () => {
    assert.equal([isLoopback(host), isThisMachine(host)], [true, true]);
  });

/** Reserved addresses of documentation, and a name that only starts like loopback. */
for (const host of ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "127.example.com", ""])
  s(`should recognise ${host || "an empty name"} as another machine`, () => {
    assert.equal([isLoopback(host), isThisMachine(host)], [false, false]);
  });

s("should recognise every address of its interfaces as this machine", () => {
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  for (const { address, family, internal, cidr } of all) {
    assert.ok(isThisMachine(address), String(cidr));
    if (family === "IPv4") assert.ok(isThisMachine(`::ffff:${address}`), address);
    else assert.ok(isThisMachine(`${address}%eth0`), address);
    assert.is(isLoopback(address), internal && /^127\.|^::1$/.test(address), address);
  }
});

s.run();
