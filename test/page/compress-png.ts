import { crc32, deflateSync, inflateSync } from "node:zlib";

/** Signature, then chunks: length, type, data, checksum. https://www.w3.org/TR/png-3/#5DataRep */
const SIGNATURE = 8;

/** Red, green and blue, one byte each: screenshots of an opaque page. */
const PIXEL = 3;

/** A smaller PNG with the same pixels. Filters help photographs; flat surfaces and text are smaller without. */
export function compressPng(png: Buffer): Buffer {
  const [others, data]: [Buffer[], Buffer[]] = [[png.subarray(0, SIGNATURE)], []];
  for (let start = SIGNATURE; start < png.length; ) {
    const end = start + 12 + png.readUInt32BE(start);
    const type = png.toString("latin1", start + 4, start + 8);
    if (type === "IDAT") data.push(png.subarray(start + 8, end - 4));
    else if (type !== "IEND") others.push(png.subarray(start, end));
    start = end;
  }
  const header = png.subarray(SIGNATURE + 8);
  const [depth, colors] = header.subarray(8, 10);
  if (depth !== 8 || colors !== 2) return png;
  const plain = unfiltered(inflateSync(Buffer.concat(data)), header.readUInt32BE(0) * PIXEL);
  const pixels = deflateSync(plain, { level: 9, memLevel: 9 });
  return Buffer.concat([...others, chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

/** Each line is the number of a filter and its bytes. https://www.w3.org/TR/png-3/#9Filter-types */
function unfiltered(lines: Buffer, width: number): Buffer {
  const plain = Buffer.from(lines);
  for (let start = 0; start < plain.length; start += width + 1) {
    const filter = plain[start] ?? 0;
    plain[start] = 0;
    for (let i = start + 1; i <= start + width; i++) {
      const isFirst = i <= start + PIXEL;
      const left = isFirst ? 0 : (plain[i - PIXEL] ?? 0);
      const above = plain[i - width - 1] ?? 0;
      const corner = isFirst ? 0 : (plain[i - width - 1 - PIXEL] ?? 0);
      const guess = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter] ?? 0;
      plain[i] = (plain[i] ?? 0) + guess;
    }
  }
  return plain;
}

function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [a, b, c] = [left, above, corner].map((one) => Math.abs(guess - one));
  if (a === undefined || b === undefined || c === undefined) return 0;
  return a <= b && a <= c ? left : b <= c ? above : corner;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
