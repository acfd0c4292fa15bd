import type { Page } from "@playwright/test";

import { MapPage } from "../support/map-page.ts";
import { expect, test } from "../support/test.ts";

const WHERE = "Where would you live?";
const WHERE_NOW = "Where do you live now? (if you like)";

const select = (page: Page, name: string) => page.getByRole("combobox", { name, exact: true });

test("an area leads to an estimate, and a household narrows it", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?area=E09000012");
  await map.panel.getByRole("link", { name: "What would we use here?" }).click();
  await expect(page).toHaveURL("/estimate?area=E09000012");
  await expect(page.getByRole("heading", { name: "Such a household in Hackney" })).toBeVisible();
  await expect(page.getByLabel(WHERE)).toHaveValue("Hackney");
  const answer = page.locator(".answer strong");
  await expect(answer).toHaveText(/^£[0-9]+$/);
  const before = await answer.textContent();
  await select(page, "Home").selectOption("Flat");
  await page.getByLabel("Bedrooms").fill("1");
  await page.getByLabel("People").fill("1");
  await select(page, "Heating").selectOption("Gas");
  await page.getByRole("button", { name: "Estimate" }).click();
  await expect(page).toHaveURL(/area=E09000012.*dwelling=flat.*bedrooms=1/);
  await expect(answer).not.toHaveText(before ?? "");
  await expect(select(page, "Home")).toHaveValue("flat");
  await expect(page.getByText(/Four of five such households pay £[0-9,]+ to £[0-9,]+ a month/)).toBeVisible();
  await expect(page.getByText(/It uses [0-9,]+ kWh a year, four of five [0-9,]+ to [0-9,]+ kWh/)).toBeVisible();
  await page.getByText("Show as table").first().click();
  for (const tariff of ["Flat", "Economy 7", "Time of use"]) {
    await expect(page.getByRole("row", { name: new RegExp(`^${tariff}`) })).toContainText(/£[0-9,]+ to £[0-9,]+/);
  }
  await expect(page.locator("svg.chart")).toHaveCount(3);
  await expect(page.getByText(/Ofgem.s typical home/)).toBeVisible();
});

test("another tariff is another answer", async ({ page }) => {
  await page.goto("/estimate?area=E09000012");
  await expect(page.locator(".answer span")).toContainText("(Flat)");
  await select(page, "Tariff").selectOption("Economy 7");
  await page.getByRole("button", { name: "Estimate" }).click();
  await expect(page).toHaveURL(/tariff=/);
  await expect(page.locator(".answer span")).toContainText("(Economy 7)");
  await expect(page.getByRole("heading", { name: "The months, £ (Economy 7)" })).toBeVisible();
});

test("another place keeps the household", async ({ page }) => {
  await page.goto("/estimate?area=E09000012&bedrooms=3&occupants=4&heating=heat_pump");
  await page.getByLabel(WHERE).fill("camden");
  await page.getByRole("button", { name: "Estimate" }).click();
  await expect(page).toHaveURL(/^[^?]*\/estimate\?area=E09000007&bedrooms=3&occupants=4&heating=heat_pump/);
  await expect(page.getByLabel("People")).toHaveValue("4");
});

test("a move: the same household in two places, and the way back", async ({ page }) => {
  await page.goto("/estimate?area=E09000012&bedrooms=2");
  await page.getByLabel(WHERE_NOW).fill("richmond upon thames");
  await page.getByRole("button", { name: "Estimate" }).click();
  await expect(page).toHaveURL(/area=E09000012&now=E09000027&bedrooms=2/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("From Richmond upon Thames to Hackney");
  const answer = page.locator(".answer strong");
  await expect(answer).toHaveText(/^£[0-9]+ (more|less)$|^About as much$/);
  const there = await answer.textContent();
  await expect(page.locator(".rests .chip")).toHaveText(/Hardly a difference|Likely, not certain|Almost certain/);
  const parts = page.getByRole("table", { name: "A weekday by time of day, kWh" });
  await expect(parts.getByRole("row")).toHaveCount(4);
  await page.getByRole("link", { name: "The other way round" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("From Hackney to Richmond upon Thames");
  const back = (there ?? "").replace(/more|less/, (word) => (word === "more" ? "less" : "more"));
  await expect(answer).toHaveText(back);

  await page.getByLabel(WHERE_NOW).fill("");
  await page.getByRole("button", { name: "Estimate" }).click();
  await expect(page).toHaveURL(/estimate\?area=E09000027&bedrooms=2/);
  await expect(page.getByRole("heading", { name: "Such a household in Richmond upon Thames" })).toBeVisible();
});

test("what is not understood is said, and the rest is kept", async ({ page }) => {
  await page.goto("/estimate?area=E09000012&bedrooms=many");
  await expect(page.getByRole("status")).toContainText("bedrooms is “many”");
  await expect(page.locator(".answer strong")).toHaveText(/[0-9]/);
  await page.goto("/estimate?area=E09000012&tariff=free");
  await expect(page.getByRole("status")).toContainText("tariff is “free”");
  await expect(page.locator(".answer strong")).toHaveText(/[0-9]/);
  await page.goto("/estimate?area=E09000012&now=E09000012");
  await expect(page.getByRole("status")).toContainText("Both places are the same one.");
  await expect(page.locator(".answer strong")).toHaveText(/[0-9]/);
  await page.goto("/estimate?area=nowhere");
  await expect(page.getByRole("status")).toContainText("nowhere");
  await expect(page.getByText("Begin with a place")).toBeVisible();
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("a household is estimated all the same", async ({ page }) => {
    await page.goto("/estimate");
    await page.getByLabel(WHERE).fill("brixton");
    await page.getByLabel("People").fill("2");
    await page.getByRole("button", { name: "Estimate" }).click();
    await expect(page.locator(".answer strong")).toHaveText(/[0-9]/);
  });
});
