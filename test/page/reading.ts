import type { Page } from "playwright-core";

/** Reads the visible text of a page. */

export async function text(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).textContent()) ?? "";
}

/** The texts of a table's cells; lines are joined by spaces. */
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

/** The lines of each box of the flow diagram, by stage. */
export async function boxes(page: Page): Promise<Readonly<Record<string, string[]>>> {
  const found = await page.$$eval("#flow-diagram [data-stage]", (all) =>
    all.map((box): [string, string[]] => [
      box.getAttribute("data-stage") ?? "",
      [...box.querySelectorAll("text")]
        .map(({ textContent }) => textContent?.trim() ?? "")
        .filter((line) => line !== ""),
    ]),
  );
  return Object.fromEntries(found);
}

/** Waits until the text matches; the page polls every two seconds. */
export async function waitForText(page: Page, selector: string, pattern: RegExp): Promise<void> {
  const wanted = { selector, source: pattern.source, flags: pattern.flags };
  const found = page.waitForFunction(({ selector, source, flags }) => {
    const shown = document.querySelector(selector)?.textContent ?? "";
    return new RegExp(source, flags).test(shown);
  }, wanted);
  await found.catch(async (error) => {
    throw new Error(`${selector} shows: ${await text(page, selector)}`, { cause: error });
  });
}
