/** Stands where Segment would and only counts, in a process of its own, so that its work is not a peer's. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const MESSAGE = Buffer.from('"messageId"');
const SUCCESS = '{"success":true}';

let count = 0;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    count += messagesIn(Buffer.concat(chunks));
    response.setHeader("content-type", "application/json");
    response.end(SUCCESS);
    process.send?.({ count });
  });
});
server.listen(0, "127.0.0.1", () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.on("disconnect", () => process.exit());

function messagesIn(body: Buffer): number {
  let found = 0;
  for (let index = body.indexOf(MESSAGE); index !== -1; index = body.indexOf(MESSAGE, index + 1))
    found += 1;
  return found;
}
