import { MapPage } from "../support/map-page.ts";
import { expect, test } from "../support/test.ts";

test("an area leads to an estimate, and a household narrows it", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?area=E09000012");
  await map.panel.getByRole("link", { name: "What would we use here?" }).click();
  await expect(page).toHaveURL("/estimate?area=E09000012");
  await expect(page.getByRole("heading", { name: "Such a household in Hackney" })).toBeVisible();
  const answer = page.locator(".answer strong");
  const before = await answer.textContent();
  await page.getByLabel("Home").selectOption("Flat");
  await page.getByLabel("Bedrooms").fill("1");
  await page.getByLabel("People").fill("1");
  await page.getByLabel("Heating").selectOption("Gas");
  await page.getByRole("button", { name: "Estimate" }).click();
  await expect(page).toHaveURL(/area=E09000012.*dwelling=flat.*bedrooms=1/);
  await expect(answer).not.toHaveText(before ?? "");
  await expect(page.getByLabel("Home")).toHaveValue("flat");
  await expect(page.getByText(/Four of five such households use [0-9,]+ to [0-9,]+ kWh/)).toBeVisible();
  for (const tariff of ["Flat", "Economy 7", "Time of use"]) {
    await expect(page.getByRole("row", { name: new RegExp(`^${tariff}`) })).toContainText(/£[0-9,]+ to £[0-9,]+/);
  }
  await expect(page.locator("svg.chart")).toHaveCount(2);
  await expect(page.getByText(/Ofgem.s typical home/)).toBeVisible();
});

test("another place keeps the household", async ({ page }) => {
  await page.goto("/estimate?area=E09000012&bedrooms=3&occupants=4&heating=heat_pump");
  await page.getByRole("searchbox").fill("camden");
  await page.getByRole("button", { name: "Estimate" }).click();
  await expect(page).toHaveURL("/estimate?area=E09000007&bedrooms=3&occupants=4&heating=heat_pump");
  await expect(page.getByLabel("People")).toHaveValue("4");
});

test("what is not understood is said, and the rest is kept", async ({ page }) => {
  await page.goto("/estimate?area=E09000012&bedrooms=many");
  await expect(page.getByRole("status")).toContainText("bedrooms is “many”");
  await expect(page.locator(".answer strong")).toHaveText(/[0-9]/);
  await page.goto("/estimate?area=nowhere");
  await expect(page.getByRole("status")).toContainText("nowhere");
  await expect(page.getByText("Begin with a place")).toBeVisible();
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("a household is estimated all the same", async ({ page }) => {
    await page.goto("/estimate");
    await page.getByRole("searchbox").fill("brixton");
    await page.getByLabel("People").fill("2");
    await page.getByRole("button", { name: "Estimate" }).click();
    await expect(page.locator(".answer strong")).toHaveText(/[0-9]/);
  });
});
