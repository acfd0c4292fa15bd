import type { Locator, Page } from "@playwright/test";
import { MapPage } from "../support/map-page.ts";
import { expect, test } from "../support/test.ts";

/** A row of the table, by what it is of. */
const row = (page: Page, name: string): Locator => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: new RegExp(`^${name}`) }) });

const places = (page: Page): Locator => page.locator(".compared thead a[href^='/area/']");

test("an area leads to a comparison, and places are added by name", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?area=E09000012");
  await map.panel.getByRole("link", { name: "Compare with another place" }).click();
  await expect(page).toHaveURL("/compare?areas=E09000012");
  await expect(page.getByText("Add another place")).toBeVisible();
  await page.getByRole("searchbox").fill("camden");
  await page.getByRole("button", { name: "Add" }).click();
  await expect(page).toHaveURL("/compare?areas=E09000012,E09000007");
  await expect(places(page)).toHaveText(["Hackney", "Camden"]);
  // Both are said: what a home uses, and what it pays for that.
  await expect(row(page, "A year").getByRole("cell")).toContainText([/[0-9]\skWh/, /[0-9]\skWh/]);
  for (const tariff of ["Flat", "Economy 7", "Time of use"]) {
    await expect(row(page, tariff).getByRole("cell")).toContainText([/^£[0-9,]+£[0-9]+ a month$/, /^£[0-9,]+£[0-9]+ a month$/]);
  }
  await expect(page.getByText(/Ofgem.s price cap/)).toBeVisible();
  await expect(page.getByRole("heading", { name: "What sets them apart" })).toBeVisible();
  await expect(page.locator("main li").first()).toContainText(/Camden uses [0-9]+\s% (more|less) than one in Hackney|no difference can be told/);
  // Two days and two years of months, told apart by more than colour, each with its table.
  await expect(page.locator("svg.chart")).toHaveCount(2);
  await expect(page.locator("svg.chart .line")).toHaveCount(4);
  await page.getByText("Show as table").first().click();
  await expect(page.getByRole("row", { name: /^18:30/ }).getByRole("cell")).toHaveText([/^[0-9]+$/, /^[0-9]+$/]);
  await page.getByRole("link", { name: "Remove Hackney" }).click();
  await expect(page).toHaveURL("/compare?areas=E09000007");
});

test("what is not understood is said, and the rest is kept", async ({ page }) => {
  await page.goto("/compare?areas=E09000012,nowhere,E09000007,E09000030,E09000020,E09000001&q=zzzzzz");
  await expect(places(page)).toHaveCount(4);
  const status = page.getByRole("status").first();
  await expect(status).toContainText("nowhere");
  await expect(status).toContainText("E09000001” is left out");
  await expect(status).toContainText("zzzzzz");
});

test("without places there is a way to begin", async ({ page }) => {
  await page.goto("/compare");
  await expect(page.getByText("Add a place to begin with")).toBeVisible();
  await page.getByRole("searchbox").fill("E8 1");
  await page.getByRole("button", { name: "Add" }).click();
  await expect(page).toHaveURL(/areas=E0/);
  await expect(places(page)).toHaveCount(1);
});

test("what is compared can be kept, and its link copied", async ({ page, context, baseURL }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto("/compare?areas=E09000012,E09000007");
  const keep = page.getByRole("group", { name: "Keep or pass on" });
  for (const [name, file] of [["Table (CSV)", "csv"], ["Picture (PNG)", "png"], ["Drawing (SVG)", "svg"]] as const) {
    const [download] = await Promise.all([page.waitForEvent("download"), keep.getByRole("link", { name }).click()]);
    expect(download.suggestedFilename()).toBe(`wattmap-compare.${file}`);
  }
  await keep.getByRole("button", { name: "Copy the link" }).click();
  await expect(keep.getByRole("status")).toHaveText("The link is copied.");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`${baseURL}/compare?areas=E09000012,E09000007`);
  await expect(keep.getByRole("button", { name: "Print" })).toBeVisible();
  await page.emulateMedia({ media: "print" });
  await expect(keep).toBeHidden();
  await expect(page.locator("svg.chart").first()).toBeVisible();
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("places are compared all the same", async ({ page }) => {
    await page.goto("/compare?areas=E09000012");
    await page.getByRole("searchbox").fill("brixton");
    await page.getByRole("button", { name: "Add" }).click();
    await expect(places(page)).toHaveCount(2);
    await expect(page.locator("svg.chart")).toHaveCount(2);
  });
});
