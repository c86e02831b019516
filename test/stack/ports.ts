import { once } from "node:events";
import { createServer } from "node:net";

/** How the broker, Connect, PostgreSQL and Quarkus each say that a port is taken. */
const TAKEN = /address already in use|seems to be in use/i;

/**
 * Calls `start` with free ports. Between finding a port and using it another process may take it: then
 * `start` is called once more, with others. A `fixed` port is used as it stands, and not retried.
 */
export async function withPorts<T>(
  fixed: (number | undefined)[],
  start: (ports: number[]) => Promise<T>,
): Promise<T> {
  const choose = async () => {
    const free = await freePorts(fixed.length);
    return free.map((port, index) => fixed[index] ?? port);
  };
  try {
    return await start(await choose());
  } catch (error) {
    if (fixed.every((port) => port !== undefined) || !TAKEN.test(String(error))) throw error;
    return await start(await choose());
  }
}

export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

async function freePorts(count: number): Promise<number[]> {
  // All are held open until the last is found, so that they differ.
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port was assigned");
    return address.port;
  });
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
