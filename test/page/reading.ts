import type { Page } from "playwright-core";

/** What a page says to who looks at it. */

export async function text(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).textContent()) ?? "";
}

/** The texts of a table's cells; what stands on several lines is joined by blanks. */
export function rows(page: Page, selector: string): Promise<string[][]> {
  return page.$$eval(`${selector} tbody tr`, (found) =>
    found.map((row) =>
      [...row.children].map((cell) =>
        [...(cell.firstElementChild?.childNodes ?? [])]
          .map((part) => part.textContent?.trim())
          .filter((part) => part !== "")
          .join(" "),
      ),
    ),
  );
}

/** The lines of each box of the flow, by its place. */
export async function boxes(page: Page): Promise<Readonly<Record<string, string[]>>> {
  const found = await page.$$eval("#picture [data-place]", (all) =>
    all.map((box): [string, string[]] => [
      box.getAttribute("data-place") ?? "",
      [...box.querySelectorAll("text")]
        .map(({ textContent }) => textContent?.trim() ?? "")
        .filter((line) => line !== ""),
    ]),
  );
  return Object.fromEntries(found);
}

/** Waits until the text there fits; polling brings it within two seconds. */
export async function said(page: Page, selector: string, pattern: RegExp): Promise<void> {
  const wanted = { selector, source: pattern.source, flags: pattern.flags };
  const found = page.waitForFunction(({ selector, source, flags }) => {
    const said = document.querySelector(selector)?.textContent ?? "";
    return new RegExp(source, flags).test(said);
  }, wanted);
  await found.catch(async (error) => {
    throw new Error(`${selector} says: ${await text(page, selector)}`, { cause: error });
  });
}
