import { hold } from "../support/hold.ts";
import { MapPage } from "../support/map-page.ts";
import { expect, test } from "../support/test.ts";

test("a borough's panel: a name, a figure, what it rests on, two charts", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?area=E09000012");
  await expect(map.panel.getByRole("heading", { name: "Hackney" })).toBeVisible();
  await expect(map.panel).toContainText(/homes here were measured/);
  await expect(map.panel.locator("svg.chart")).toHaveCount(2);
});

test("a long panel is scrolled, its name and its button stay", async ({ page }) => {
  const map = new MapPage(page);
  await page.setViewportSize({ width: 1280, height: 600 });
  await map.open("/?area=E09000012");
  const share = map.panel.getByRole("button", { name: "Share" });
  const body = map.panel.locator(".body");
  await expect(share).toBeInViewport({ ratio: 1 });
  const last = body.getByText("Show as table").last();
  await expect(last).not.toBeInViewport();
  await body.hover();
  await page.mouse.wheel(0, 4_000);
  await expect(last).toBeInViewport();
  await expect(share).toBeInViewport({ ratio: 1 });
  await expect(map.panel.getByRole("heading", { name: "Hackney" })).toBeInViewport();
});

test("areas that are called after one place are told apart", async ({ page }) => {
  await page.goto("/list?level=msoa&sort=name&q=kennington");
  const titles = await page.getByRole("rowheader").getByRole("link").allTextContents();
  expect(titles.length).toBeGreaterThan(1);
  expect(new Set(titles).size, titles.join(", ")).toBe(titles.length);
  const [first = ""] = titles;
  await page.getByRole("link", { name: first, exact: true }).click();
  const map = new MapPage(page);
  await expect(map.panel.getByRole("heading", { name: first, exact: true })).toBeVisible();
});

test("each chart has its table", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?area=E09000012");
  const tables = map.panel.getByText("Show as table");
  await expect(tables).toHaveCount(2);
  await tables.first().click();
  await expect(map.panel.locator("table").first().getByRole("row")).toHaveCount(48 + 1);
  await tables.nth(1).click();
  await expect(map.panel.locator("table").nth(1).getByRole("row")).toHaveCount(7 + 1);
});

test("the day's kind can be chosen", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?area=E09000012");
  await map.panel.getByRole("radio", { name: "Saturday" }).click();
  await expect(map.panel.getByRole("heading", { name: /^A Saturday/ })).toBeVisible();
  await expect(map.panel.getByRole("radio", { name: "Saturday" })).toBeChecked();
  await map.panel.getByRole("radio", { name: "Weekday" }).click();
  await expect(map.panel.getByRole("heading", { name: /^A weekday/ })).toBeVisible();
});

test("the day's kind can be chosen by keys, and what was unfolded stays so", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?area=E09000012");
  await map.panel.getByText("Show as table").last().click();
  await map.panel.getByRole("radio", { name: "Weekday" }).focus();
  const body = map.panel.locator(".body");
  await body.evaluate((element) => element.scrollTo(0, 50));
  for (const [name, heading] of [["Saturday", /^A Saturday/], ["Sunday", /^A Sunday/]] as const) {
    await page.keyboard.press("ArrowRight");
    await expect(map.panel.getByRole("heading", { name: heading })).toBeVisible();
    await expect(map.panel.getByRole("radio", { name })).toBeFocused();
    expect(await body.evaluate((element) => element.scrollTop)).toBe(50);
  }
  await expect(map.panel.getByRole("table")).toBeVisible();
});

test("an area with too few homes says whose figure it shows", async ({ page }) => {
  const map = new MapPage(page);
  // 6,000 homes are about one in each of the 4,835 smallest areas.
  await map.open("/?area=E01000001&measure=now");
  await expect(map.panel).toContainText(/too few homes|keep each of them private/i);
});

test("the panel closes, and the URL forgets it", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?area=E09000012");
  await map.panel.getByRole("button", { name: "Close" }).or(map.panel.getByRole("link", { name: "Close" })).click();
  await expect(map.panel).toBeHidden();
  expect(map.query().get("area")).toBeNull();
});

test("Escape closes the panel from anywhere on the page, and who was in it stands on the map", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?area=E09000012");
  await page.getByRole("radio", { name: "A year" }).focus();
  await page.keyboard.press("Escape");
  await expect(map.panel).toBeHidden();
  await page.goBack();
  await expect(map.panel.getByRole("heading", { name: "Hackney" })).toBeVisible();
  await map.panel.getByRole("button", { name: "Share" }).focus();
  await page.keyboard.press("Escape");
  await expect(map.panel).toBeHidden();
  await expect(map.map).toBeFocused();
  // In the search box it has a meaning of its own.
  await page.goBack();
  await map.search.fill("Camd");
  await expect(map.suggestions.first()).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(map.suggestions.first()).toBeHidden();
  await expect(map.panel).toBeVisible();
});

test("who types while an area's figures are on their way goes on typing", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?area=E09000012");
  await map.panel.getByRole("link", { name: "Close" }).focus();
  await page.keyboard.press("Escape");
  await expect(map.panel).toBeHidden();
  const letFiguresThrough = await hold(page, "**/fn/get_panel?*");
  await page.goBack();
  await map.search.fill("Camd");
  await expect(map.suggestions.first()).toBeVisible();
  letFiguresThrough();
  await expect(map.panel.getByRole("heading", { name: "Hackney" })).toBeVisible();
  await expect(map.search).toBeFocused();
  await expect(map.suggestions.first()).toBeVisible();
});

test("places are pinned, stay in the address, and can be compared", async ({ page }) => {
  await page.goto("/area/E09000012");
  await page.getByRole("link", { name: "Pin to the map" }).click();
  await expect(page).toHaveURL(/[?&]pins=E09000012(&|$)/);
  const pinned = page.locator(".pinned");
  await expect(pinned).toContainText("Hackney");
  // From wherever the map is by now: the pins are kept, and so is the place.
  await page.goto("/?area=E09000007&pins=E09000012&lat=51.54000&lng=-0.14000&z=11.50");
  await page.getByRole("link", { name: "Pin to the map" }).click();
  await expect(page).toHaveURL(/pins=E09000012,E09000007/);
  await expect(page).toHaveURL(/z=11\.50/);
  await pinned.getByRole("link", { name: "Hackney", exact: true }).click();
  await expect(page.getByRole("heading", { level: 2, name: "Hackney" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Unpin", exact: true })).toBeVisible();
  await pinned.getByRole("link", { name: "Unpin: Camden" }).click();
  await expect(pinned).not.toContainText("Camden");
  await page.goto("/?pins=E09000012,E09000007");
  await pinned.getByRole("link", { name: "Compare them" }).click();
  await expect(page).toHaveURL(/\/compare\?areas=E09000012,E09000007$/);
});

test("the link can be copied", async ({ page, context, baseURL }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: baseURL });
  const map = new MapPage(page);
  await map.open("/?area=E09000012");
  await map.panel.getByRole("button", { name: "Share" }).click();
  await expect(page.getByText("The link is copied.")).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("E09000012");
  await map.search.fill("camden");
  await map.suggestions.first().click();
  await expect(map.panel.getByRole("heading", { name: "Camden" }).first()).toBeVisible();
  await expect(page.getByText("The link is copied.")).toHaveCount(0);
});
