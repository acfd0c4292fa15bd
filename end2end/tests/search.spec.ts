import { MapPage } from "../support/map-page.ts";
import { expect, test } from "../support/test.ts";

for (const { width, height } of [{ width: 390, height: 844 }, { width: 768, height: 1024 }, { width: 844, height: 390 }]) {
  test.describe(`in a window of ${width}x${height}`, () => {
    test.use({ viewport: { width, height }, hasTouch: true });

    test("what is found lies over everything, and a tap opens it", async ({ page }) => {
      const map = new MapPage(page);
      await map.open("/");
      await map.search.fill("brixton");
      await expect(map.suggestions.first()).toBeVisible();
      const covered = await map.suggestions.evaluateAll((found) =>
        found
          .map((suggestion) => ({ suggestion, box: suggestion.getBoundingClientRect() }))
          .filter(({ box }) => box.bottom < window.innerHeight)
          .filter(({ suggestion, box }) => {
            const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
            return top?.closest("li") !== suggestion && suggestion.parentElement?.contains(top) !== true;
          })
          .map(({ suggestion }) => suggestion.textContent),
      );
      expect(covered, "suggestions that lie under something else").toEqual([]);
      const name = await map.suggestions.first().locator("strong").textContent();
      await map.suggestions.first().tap();
      await expect(map.panel.getByRole("heading", { name: name ?? "" }).first()).toBeVisible();
    });
  });
}

test("an area, a place and a postcode are found", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/");
  for (const text of ["Islington", "Brixton", "N1 9", "se15 4qn"]) {
    await map.search.fill(text);
    await expect(map.suggestions.first(), text).toBeVisible();
  }
});

test("the keyboard alone is enough", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/");
  await map.search.focus();
  await page.keyboard.type("hackney");
  await expect(map.suggestions.first()).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  const second = map.suggestions.nth(1);
  await expect(second).toHaveAttribute("aria-selected", "true");
  await expect(map.search).toHaveAttribute("aria-activedescendant", (await second.getAttribute("id")) ?? "none");
  await page.keyboard.press("Escape");
  await expect(map.suggestions).toHaveCount(0);
  await page.keyboard.type(" ");
  await expect(map.suggestions.first()).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(map.panel).toBeVisible();
  expect(map.query().get("area")).toMatch(/^E0/);
});

test("who presses Enter before anything is found gets the first of what is found of all that was typed", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/");
  await page.route("**/api/v1/search?*", async (route) => {
    await new Promise((later) => setTimeout(later, 400));
    await route.continue();
  });
  await map.search.focus();
  await page.keyboard.type("islington");
  await page.keyboard.press("Enter");
  await expect(map.panel.getByRole("heading", { name: "Islington", exact: true })).toBeVisible();
  // What was found of less does not stand for all.
  await map.search.fill("ha");
  await expect(map.suggestions.first()).toBeVisible();
  await map.search.fill("lambeth");
  await page.keyboard.press("Enter");
  await expect(map.panel.getByRole("heading", { name: "Lambeth", exact: true })).toBeVisible();
});

test("names that occur twice are told apart", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/");
  await map.search.fill("hackney");
  await expect(map.suggestions.first()).toBeVisible();
  const texts = await map.suggestions.allTextContents();
  expect(new Set(texts).size).toBe(texts.length);
});

test("nothing found is said, with what to try", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/");
  await map.search.fill("qqqqqqq");
  await expect(page.getByRole("status").filter({ hasText: "qqqqqqq" })).toBeVisible();
});

test("a place outside the map is found and said to be outside", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/");
  await map.search.fill("EN9 1");
  await expect(map.suggestions.filter({ hasText: /not on this map/i }).first()).toBeVisible();
});

test.describe("where somebody is", () => {
  const NEAR = "Show where I am";

  test("is shown on the map, and the server is not told", async ({ page, context }) => {
    await context.grantPermissions(["geolocation"]);
    await context.setGeolocation({ latitude: 51.4613, longitude: -0.1156 });
    const map = new MapPage(page);
    await map.open("/");
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url() + (request.postData() ?? "") + (request.headers()["referer"] ?? "")));
    await page.getByRole("button", { name: NEAR }).click();
    await expect(page).toHaveURL(/lat=51\.46[0-9]*&lng=-0\.11[0-9]*/);
    await page.waitForTimeout(500);
    expect(asked.filter((text) => text.includes("51.46"))).toEqual([]);
  });

  test("may be outside, or not be told", async ({ page, context }) => {
    await context.grantPermissions(["geolocation"]);
    await context.setGeolocation({ latitude: 48.85, longitude: 2.35 });
    const map = new MapPage(page);
    await map.open("/");
    await page.getByRole("button", { name: NEAR }).click();
    await expect(page.locator(".near-said")).toHaveText("You seem to be outside of London. Search for a place that you think of.");
    await context.clearPermissions();
    await page.getByRole("button", { name: NEAR }).click();
    await expect(page.locator(".near-said")).toHaveText("Your device did not say where you are.");
  });
});
