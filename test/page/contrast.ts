import type { Page } from "playwright-core";

export type Contrast = { readonly text: string; readonly ratio: number };

/**
 * Contrast of every visible text with its background, lowest first, as WCAG 2.2 defines it (relative luminance).
 */
export async function contrasts(page: Page): Promise<readonly Contrast[]> {
  const found = await page.evaluate(() => {
    const rectangle = (of: Element) => of.closest("svg .box")?.querySelector("rect") ?? null;
    const behind = (of: Element): string => {
      const box = rectangle(of);
      if (box) return getComputedStyle(box).fill;
      for (let ancestor: Element | null = of; ancestor; ancestor = ancestor.parentElement) {
        const { backgroundColor } = getComputedStyle(ancestor);
        if (!/^rgba\(.*, 0\)$|^transparent$/.test(backgroundColor)) return backgroundColor;
      }
      return "rgb(255, 255, 255)";
    };
    const texts: { text: string; color: string; ground: string }[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const of = node.parentElement;
      const text = node.textContent?.trim() ?? "";
      if (!of || text === "" || !of.checkVisibility()) continue;
      const style = getComputedStyle(of);
      const color = of.closest("svg") ? style.fill : style.color;
      texts.push({ text, color, ground: behind(of) });
    }
    for (const input of document.querySelectorAll("input")) {
      const { color } = getComputedStyle(input, "::placeholder");
      texts.push({ text: input.placeholder, color, ground: behind(input) });
    }
    return texts;
  });
  return found
    .map(({ text, color, ground }) => ({ text, ratio: ratio(color, ground) }))
    .toSorted((a, b) => a.ratio - b.ratio);
}

function ratio(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
