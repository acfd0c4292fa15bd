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

    for (const path of ["/list?level=borough", "/compare?areas=E09000012,E02000345", "/estimate?area=E09000012", "/estimate?area=E09000012&now=E02000345", "/data", "/about", "/api", "/search?q=hackney", "/area/E09000012"]) {
      test(`the page ${path}`, async ({ page }) => {
        await page.goto(path);
        await expect(page.locator("main h1, main .panel").last()).toBeVisible();
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
  test.use({ expectedProblem: /ERR_FAILED|dynamically imported module|preloaded using link preload but not used/ });
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
  // Who does not see it hears what has opened, and goes on in it.
  const heading = map.panel.getByRole("heading", { level: 2 });
  await expect(heading).toBeFocused();
  await expect(map.told).toHaveText(new RegExp(`^${(await heading.textContent())?.replace(/[()]/g, "\\$&")}: [0-9]`));
});

test("every stop of the tab key can be seen", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?area=E09000012");
  await expect(map.panel.locator("svg.chart")).toHaveCount(2);
  const seen = new Set<string>();
  for (let press = 0; press < 80; press += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === null || element === document.body) return undefined;
      const drawn = (style: CSSStyleDeclaration) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
      // What lies over the map has to lie over what it draws.
      const over = (it: Element) => {
        const style = getComputedStyle(it, "::before");
        return style.content !== "none" && parseInt(style.zIndex) >= 500 && drawn(style);
      };
      const outlined = (it: Element | null) =>
        it !== null && (it.matches(".stage") ? over(it) : drawn(getComputedStyle(it)));
      // A radio button is drawn by what follows it.
      const shows = outlined(element) || (element.matches("input[type=radio]") && outlined(element.nextElementSibling));
      return { name: element.outerHTML.slice(0, 120), shows };
    });
    if (stop === undefined) break;
    expect(stop.shows, `focus cannot be seen on ${stop.name}`).toBe(true);
    seen.add(stop.name);
  }
  // The skip link, the name, three pages, the theme, the homes, the search, the measures, the map, three zoom
  // buttons, the level; in the panel: close, the day, two tables, share.
  expect(seen.size).toBeGreaterThanOrEqual(17);
});

test("the skip link leads past the map", async ({ page }) => {
  await new MapPage(page).open("/");
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: /skip the map/i });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("All areas");
});

/** Controls and texts that reach beyond the window, or are cut by the card that they are in. */
async function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const scrolls = (element: Element | null): boolean =>
      element !== null && (["auto", "scroll"].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
    const found: string[] = [];
    for (const element of document.querySelectorAll("header, .card, h1, h2, h3, p, a, button, input, select, dt, dd, summary")) {
      const box = element.getBoundingClientRect();
      if (box.width === 0 || element.closest(".sr, .skip, svg, [hidden]") !== null || scrolls(element.parentElement)) continue;
      if (getComputedStyle(element).visibility === "hidden") continue;
      if (box.left < -1 || box.right > window.innerWidth + 1) {
        found.push(`${Math.round(box.left)} to ${Math.round(box.right)}: ${element.outerHTML.slice(0, 100)}`);
      }
    }
    if (document.documentElement.scrollWidth > window.innerWidth) found.push("the page scrolls sideways");
    return found;
  });
}

const PAGES = ["/", "/?area=E09000012", "/?area=E02000345&measure=now", "/list?level=borough", "/compare",
  "/compare?areas=E09000012,E02000345,E09000007,E01000001", "/estimate", "/estimate?area=E09000012", "/estimate?area=E09000012&now=E02000345", "/data", "/about", "/api", "/search?q=hackney"];

for (const width of [320, 390, 1024]) {
  test(`nothing is cut off at ${width} pixels`, async ({ page }) => {
    await page.setViewportSize({ width, height: 640 });
    for (const path of PAGES) {
      await page.goto(path);
      await expect(page.locator("main h1")).toBeAttached();
      expect(await cutOff(page), path).toEqual([]);
    }
  });
}

test("nothing is cut off with text at twice its size", async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  for (const path of PAGES) {
    await page.goto(path);
    await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
    expect(await cutOff(page), path).toEqual([]);
  }
});

test("on a phone the buttons cover no name with text at twice its size", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const map = new MapPage(page);
  await map.open("/?area=E02000726");
  await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
  await expect(map.panel.getByRole("heading", { level: 2 })).toContainText("Stratford");
  const { covered, sideways } = await map.panel.evaluate((panel) => {
    const name = document.createRange();
    name.selectNodeContents(panel.querySelector("h2") ?? panel);
    const lines = Array.from(name.getClientRects());
    const buttons = Array.from(panel.querySelectorAll(".actions > *, .close"), (it) => it.getBoundingClientRect());
    const meet = (a: DOMRect, b: DOMRect) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    const body = Array.from(panel.querySelectorAll(".body"));
    return {
      covered: buttons.filter((button) => button.width > 0 && lines.some((line) => meet(line, button))).length,
      sideways: body.map((it) => it.scrollWidth - it.clientWidth),
    };
  });
  expect(covered).toBe(0);
  expect(sideways).toEqual([0]);
});
