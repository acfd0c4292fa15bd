import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { MapPage } from "../support/map-page.ts";
import { expect, test } from "../support/test.ts";

const DAY = 86_400_000;

/** The days of the address, as numbers. */
function days(page: Page): [number, number] {
  const { searchParams } = new URL(page.url());
  const day = (name: string) => Date.parse(`${searchParams.get(name)}T00:00:00Z`) / DAY;
  return [day("from"), day("to")];
}

const card = (page: Page) => page.getByRole("group", { name: "Which days the map is of" });
const span = (page: Page) => card(page).getByLabel("How many days together");
const slider = (page: Page) => card(page).getByRole("slider");
const heading = (page: Page) => page.locator("#legend-heading");

test("the map is of any day that is known", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/");
  await expect(slider(page)).toHaveCount(0);
  const asked = page.waitForResponse(/api\/v1\/map\?.*measure=daily&from=/);
  await span(page).selectOption("By day");
  const { classes } = (await (await asked).json()) as { classes: number[] };
  await expect(page).toHaveURL(/from=\d{4}-\d\d-\d\d&to=/);
  const [from, to] = days(page);
  expect(to - from).toBe(1);
  await expect(heading(page)).toHaveText(/^Electricity a home uses a day, kWh, \d+ \w+ \d{4}$/);
  await expect(card(page).locator("output")).toHaveText(/\d{4}/);

  await test.step("keys move the slider, and the colours mean the same", async () => {
    const before = page.waitForResponse(/api\/v1\/map\?.*measure=daily&from=/);
    await slider(page).press("ArrowLeft");
    await expect.poll(() => days(page)).toEqual([from - 1, to - 1]);
    expect(((await (await before).json()) as { classes: number[] }).classes).toEqual(classes);
    await expect(slider(page)).toHaveAttribute("aria-valuetext", /\d{4}/);
  });
  await test.step("a link shows the same", async () => {
    const other = new MapPage(await page.context().newPage());
    await other.open(page.url());
    await expect(heading(other.page)).toHaveText((await heading(page).textContent()) ?? "");
    await expect(span(other.page)).toHaveValue("day");
    await expect(slider(other.page)).toHaveValue(await slider(page).inputValue());
    await other.page.close();
  });
  await test.step("one goes back to the year", async () => {
    await page.goBack();
    await expect(heading(page)).toHaveText("Electricity a home uses in a year, kWh");
    await expect(span(page)).toHaveValue("");
    await page.goForward();
    await expect(span(page)).toHaveValue("day");
  });
});

test("it plays to its end and stops, and by hand", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/");
  await span(page).selectOption("By day");
  const [, end] = days(page);
  // At its end it begins anew.
  await card(page).getByRole("button", { name: "Play" }).click();
  await expect.poll(() => days(page)[1]).toBeLessThan(end);
  await card(page).getByRole("button", { name: "Pause" }).click();
  const [paused] = days(page);
  await page.waitForTimeout(1500);
  expect(days(page)[0]).toBe(paused);
  for (const name of ["Play", "Pause", "Play", "Pause", "Play"]) await card(page).getByRole("button", { name }).click();
  // However often it is pressed, it goes on one by one.
  const passed = new Set<number>();
  await expect.poll(() => passed.add(days(page)[1]).has(end), { timeout: 30_000, intervals: [100] }).toBe(true);
  expect([...passed]).toEqual([...passed.keys()].map((_, number) => paused + 1 + number));
  await expect(card(page).getByRole("button", { name: "Play" })).toBeVisible();
});

test("what has no times shows none, and what costs are in", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/");
  await span(page).selectOption("By month");
  await map.chooseMeasure("Night share");
  await expect(heading(page)).toHaveText(/^Share of a home’s use at night, per cent, \w+ \d{4}$/);
  await map.chooseMeasure("Now");
  await expect(card(page)).toBeHidden();
  await expect(page).not.toHaveURL(/from=/);
  await map.chooseMeasure("Cost");
  await expect(card(page)).toBeHidden();
  await expect(heading(page)).toHaveText("What a home pays in a year");
  await expect(page.locator(".legend .bound").first()).toHaveText(/^£[\d,]+$/);
});

test("days that nobody can read are left out, and the rest stays", async ({ page }) => {
  await page.goto("/?from=2026-13-01&to=x&area=E09000012");
  await expect(page).toHaveURL("/?area=E09000012");
  await expect(page.locator(".panel h2")).toHaveText("Hackney");
});

test("times are for everybody", async ({ page }) => {
  for (const [width, height] of [[1440, 900], [390, 844]] as const) {
    await page.setViewportSize({ width, height });
    const map = new MapPage(page);
    await map.open("/");
    await span(page).selectOption("By week");
    await expect(slider(page)).toBeInViewport({ ratio: 1 });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`)).toEqual([]);
  }
});
