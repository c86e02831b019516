import { crc32, deflateSync, inflateSync } from "node:zlib";

/** Signature, then chunks: length, type, data, checksum. https://www.w3.org/TR/png-3/#5DataRep */
const SIGNATURE = 8;

/** Red, green and blue, a byte each: what a browser takes of an opaque page. */
const PIXEL = 3;

/** The same PNG with the same pixels. Filters help photographs; flat surfaces and letters are smaller without. */
export function smaller(png: Buffer): Buffer {
  const [kept, packed]: [Buffer[], Buffer[]] = [[png.subarray(0, SIGNATURE)], []];
  for (let at = SIGNATURE; at < png.length; ) {
    const end = at + 12 + png.readUInt32BE(at);
    const type = png.toString("latin1", at + 4, at + 8);
    if (type === "IDAT") packed.push(png.subarray(at + 8, end - 4));
    else if (type !== "IEND") kept.push(png.subarray(at, end));
    at = end;
  }
  const header = png.subarray(SIGNATURE + 8);
  const [depth, colors] = header.subarray(8, 10);
  if (depth !== 8 || colors !== 2) return png;
  const plain = unfiltered(inflateSync(Buffer.concat(packed)), header.readUInt32BE(0) * PIXEL);
  const pixels = deflateSync(plain, { level: 9, memLevel: 9 });
  return Buffer.concat([...kept, chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

/** Each line is a filter's number and its bytes. https://www.w3.org/TR/png-3/#9Filter-types */
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
