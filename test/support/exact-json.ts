/** A database's JSON, its numbers as Segment has to receive them: a number, or text where a double would change it. */
export function exactJson(text: string): unknown {
  return JSON.parse(text, ((_name: string, value: unknown, { source }: { source: string }) =>
    typeof value === "number" ? numberOrText(source) : value) as never);
}

/** A number where the double's shortest text is the same decimal again, else that decimal as text. */
export function numberOrText(text: string): number | string {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  const [exact, double] = [plain(text), plain(String(Number(text)))];
  return exact === double ? Number(exact) : exact;
}

/** Without an exponent and without zeros that say nothing. */
function plain(text: string): string {
  const [, sign, whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = "0".repeat(400) + whole + fraction + "0".repeat(400);
  const point = 400 + whole.length + Number(exponent);
  const left = digits.slice(0, point).replace(/^0+(?=\d)/, "");
  const right = digits.slice(point).replace(/0+$/, "");
  const magnitude = right === "" ? left : `${left}.${right}`;
  return magnitude === "0" ? "0" : `${sign}${magnitude}`;
}
