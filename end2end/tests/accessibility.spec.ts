import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { MapPage } from "../support/map-page.ts";
import { expect, test } from "../support/test.ts";

async function violations(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  return violations.map((found) => `${found.id}: ${found.nodes.map((node) => node.html.slice(0, 200)).join(" | ")}`);
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`axe finds nothing, ${colorScheme}`, () => {
    test.use({ colorScheme });

    test("the map with an open area", async ({ page }) => {
      const map = new MapPage(page);
      await map.open("/?area=E09000012");
      await expect(map.panel.locator("svg.chart")).toHaveCount(2);
      expect(await violations(page)).toEqual([]);
    });

    test("the search's suggestions", async ({ page }) => {
      const map = new MapPage(page);
      await map.open("/");
      await map.search.fill("hackney");
      await expect(map.suggestions.first()).toBeVisible();
      expect(await violations(page)).toEqual([]);
    });

    for (const path of ["/list?level=borough", "/about", "/search?q=hackney", "/area/E09000012"]) {
      test(`the page ${path}`, async ({ page }) => {
        await page.goto(path);
        await expect(page.locator("main").first()).toBeVisible();
        expect(await violations(page)).toEqual([]);
      });
    }
  });
}

test.describe("without scripts", () => {
  // axe itself needs scripts, so the page's own are held back instead.
  test("the first HTML is as good", async ({ page }) => {
    await page.route("**/pkg/*.{js,wasm}", (route) => route.abort());
    await page.goto("/");
    expect(await violations(page)).toEqual([]);
  });
  test.use({ expectedProblem: /ERR_FAILED|dynamically imported module/ });
});

test("the keyboard reaches the map, moves it and opens an area", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?lat=51.50735&lng=-0.12776&z=12.00");
  await map.map.focus();
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => Number(map.query().get("lng"))).toBeGreaterThan(-0.12776);
  await page.keyboard.press("+");
  await expect.poll(() => Number(map.query().get("z"))).toBeGreaterThan(12.4);
  await page.keyboard.press("Enter");
  await expect(map.panel).toBeVisible();
});

test("every stop of the tab key can be seen", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?area=E09000012");
  const seen = new Set<string>();
  for (let press = 0; press < 60; press += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === null || element === document.body) return undefined;
      const style = getComputedStyle(element);
      // Some controls show the focus on what surrounds them.
      const around = element.closest("label, .card, form") ?? element;
      const shows = [style, getComputedStyle(around)].some(
        (it) => (it.outlineStyle !== "none" && it.outlineWidth !== "0px") || it.boxShadow !== "none",
      );
      return { name: element.outerHTML.slice(0, 120), shows };
    });
    if (stop === undefined) break;
    expect(stop.shows, `focus cannot be seen on ${stop.name}`).toBe(true);
    seen.add(stop.name);
  }
  expect(seen.size).toBeGreaterThan(5);
});

test("the page holds at 320 pixels", async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  for (const path of ["/", "/?area=E09000012", "/list?level=borough", "/about"]) {
    await page.goto(path);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow, path).toBeLessThanOrEqual(0);
  }
});
