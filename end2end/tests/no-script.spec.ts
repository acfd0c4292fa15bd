import { expect, test } from "../support/test.ts";

test.use({ javaScriptEnabled: false });

/** The whole of London at the finest level that the first HTML carries. */
const MSOAS = 983;

test("the map is in the first HTML", async ({ page }) => {
  await page.goto("/");
  const areas = page.locator("svg#m a");
  await expect(areas).toHaveCount(MSOAS);
  const box = await page.locator("svg#m").boundingBox();
  expect(box?.width).toBeGreaterThan(400);
  await expect(page.getByRole("heading", { name: /a home uses in a year/i })).toBeVisible();
});

test("the map says whose homes these are, and of when it is", async ({ page }) => {
  await page.goto("/");
  await expect(page.locator(".live")).toContainText(/simulated homes/);
  await expect(page.locator(".live")).toContainText(/As of \d\d:\d\d/);
  // Nothing keeps this page up to date.
  await expect(page.locator(".live")).not.toContainText(/live/i);
  await expect(page.locator(".live [data-state=still]")).toBeVisible();
});

test("other areas are a choice away", async ({ page }) => {
  await page.goto("/?area=E09000012");
  await page.getByRole("combobox", { name: "Areas" }).selectOption({ label: "Boroughs" });
  await page.getByRole("button", { name: "Show" }).click();
  await expect(page.locator("svg#m a")).toHaveCount(33);
  await expect(page).toHaveURL(/area=E09000012/);
});

test("areas that only scripts draw are in the list", async ({ page }) => {
  await page.goto("/?level=lsoa&measure=now");
  await expect(page.locator(".choose p")).toContainText("Street areas are drawn with scripts only.");
  await page.getByRole("link", { name: "They are in the list." }).click();
  await expect(page).toHaveURL("/list?level=lsoa&measure=now");
  await expect(page.getByRole("row").nth(1).getByRole("link").first()).toHaveAttribute("href", /area=E01/);
  await page.goto("/?level=borough");
  await expect(page.locator(".choose p")).toHaveCount(0);
});

test("whom the map rests on can be read on a phone", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/");
  await page.locator(".credits summary").click();
  await expect(page.locator(".credits details p")).toBeInViewport({ ratio: 1 });
});

test("another measure is a button away", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("radiogroup").getByRole("radio", { name: "Now" }).click();
  await page.getByRole("button", { name: "Show" }).click();
  await expect(page).toHaveURL(/measure=now/);
  await expect(page.getByRole("heading", { name: /right now/i })).toBeVisible();
});

test("an area is a link to its page", async ({ page }) => {
  await page.goto("/");
  const link = page.locator("svg#m a").first();
  const href = await link.getAttribute("href");
  await page.goto(href ?? "");
  await expect(page).toHaveURL(/\/area\/E0/);
  await expect(page.locator(".panel h2")).toBeVisible();
  await expect(page.locator(".panel .answer strong")).not.toBeEmpty();
});

test("the search is a page", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("combobox", { name: /^Find/ }).fill("hackney");
  await page.getByRole("search").getByRole("button", { name: "Search" }).click();
  await expect(page).toHaveURL(/\/search\?q=hackney/);
  const hackney = page.getByRole("link", { name: /hackney/i });
  await expect(hackney.first()).toBeVisible();
});

test("the list reaches every area's figure", async ({ page }) => {
  await page.goto("/list?level=borough");
  await expect(page.getByRole("row")).toHaveCount(33 + 1);
  await expect(page.getByRole("rowheader", { name: /^Hackney/ })).toBeVisible();
});

test("what the map shows can be kept as a file", async ({ page }) => {
  await page.goto("/about");
  await page.getByRole("link", { name: "Open data" }).click();
  await expect(page).toHaveURL("/data");
  const download = page.waitForEvent("download");
  await page.getByRole("row", { name: /Boroughs/ }).getByRole("link", { name: "Table (CSV)" }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe("wattmap-borough.csv");
  let text = "";
  for await (const part of await file.createReadStream()) text += String(part);
  expect(text.trim().split("\n")).toHaveLength(34);
});
