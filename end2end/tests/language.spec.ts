import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "@playwright/test";
import { expect, test } from "../support/test.ts";

const PAGES = [
  "/",
  "/area/E09000012",
  "/list",
  "/estimate?area=E09000012&now=E09000007&bedrooms=2",
  "/compare?areas=E09000012,E09000007",
  "/data",
  "/about",
  "/search?q=dalston",
  "/nowhere",
];

/** Words that no Polish sentence has. */
const ENGLISH = /\b(the|of|and|is|are|home|homes|what|with|that|there|year|area|areas|this|in|by|under|from|not|no|for)\b/i;

/** Whom to name stays as they want to be named. */
const CREDITS = ".credits, #credits, section:has(> h2 + p + ul > li)";

/** What is written on a page, said of its parts, and in its head. */
async function textOf(page: Page): Promise<string[]> {
  return page.evaluate((credits) => {
    const texts: string[] = [document.title];
    for (const meta of document.querySelectorAll('meta[name="description"]')) texts.push(meta.getAttribute("content") ?? "");
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (parent === null || parent.closest(`script, style, noscript, code, [lang="en-GB"], ${credits}`) !== null) continue;
      texts.push(node.textContent ?? "");
    }
    for (const element of document.body.querySelectorAll("[aria-label], [title], [placeholder]")) {
      if (element.closest(credits) !== null) continue;
      for (const name of ["aria-label", "title", "placeholder"]) texts.push(element.getAttribute(name) ?? "");
    }
    return texts.map((text) => text.trim()).filter((text) => text !== "");
  }, CREDITS);
}

async function polish(browser: Browser, baseURL: string): Promise<Page> {
  const context = await browser.newContext({ baseURL, locale: "pl-PL" });
  return context.newPage();
}

for (const path of PAGES) {
  test.describe(`whoever asks for Polish, ${path}`, () => {
    // The browser says so of every page that is not there.
    if (path === "/nowhere") test.use({ expectedProblem: /404 \(Not Found\)/ });
    test("is told it in Polish, and all of it", ({ browser, baseURL, page }) => isInPolish(path, browser, baseURL ?? "", page));
  });
}

async function isInPolish(path: string, browser: Browser, baseURL: string, page: Page): Promise<void> {
  const other = await polish(browser, baseURL);
  await other.goto(path);
  await expect(other.locator("html")).toHaveAttribute("lang", "pl");
  await page.goto(path);
  await expect(page.locator("html")).toHaveAttribute("lang", "en-GB");
  const english = new Set(await textOf(page));
  const same = (await textOf(other)).filter((text) => english.has(text) && ENGLISH.test(text));
  // Names of places are the same everywhere.
  expect(same.filter((text) => !/^[A-Z][\w’'-]*( (and|upon|of|the|[A-Z0-9][\w’'-]*))*( · .*)?$/.test(text))).toEqual([]);
  const { violations } = await new AxeBuilder({ page: other }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  await other.context().close();
}

test("the language is chosen on the page, and stays chosen", async ({ page }) => {
  await page.goto("/about");
  await page.getByRole("link", { name: "Polski" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Skąd się biorą te liczby");
  await page.getByRole("link", { name: "Mapa", exact: true }).click();
  await expect(page.getByText(/^Na żywo · /)).toBeVisible();
  // What the browser fetches later is in Polish, too.
  await page.goto("/area/E09000012");
  await page.getByRole("radio", { name: "Sobota" }).check({ force: true });
  await expect(page.getByRole("heading", { name: /^Sobota, / })).toBeVisible();
  await page.goto("/about");
  await page.getByRole("link", { name: "English" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("How these figures come about");
});

test("an address in a language is in that language, and keeps what else it says", async ({ page }) => {
  await page.goto("/compare?areas=E09000012&lang=pl");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Porównaj miejsca");
  await expect(page).toHaveURL(/\/compare\?areas=E09000012$/);
  await page.getByRole("link", { name: "English" }).click();
  await expect(page).toHaveURL(/\/compare\?areas=E09000012$/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Compare places");
});
