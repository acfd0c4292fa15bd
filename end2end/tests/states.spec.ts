import { hold } from "../support/hold.ts";
import { MapPage } from "../support/map-page.ts";
import { expect, test } from "../support/test.ts";

test("figures that are on their way are waited for without the colours of others", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?level=borough");
  const bounds = map.legend.locator(".bound").filter({ hasText: /\d/ });
  await expect(bounds).toHaveCount(6);
  const letThrough = await hold(page, "**/api/v1/map?*");
  await map.chooseMeasure("Night share");
  await expect(page.locator(".notice")).toContainText("Loading…");
  await expect(page.locator(".notice").getByRole("button")).toBeHidden();
  await expect(bounds).toHaveCount(0);
  await expect.poll(async () => (await map.paint()).colours, { message: "another measure's colours stay" }).toBe(1);
  letThrough();
  await expect(page.locator(".notice")).toBeHidden();
  await expect(bounds).not.toHaveCount(0);
  await expect.poll(async () => (await map.paint()).colours).toBeGreaterThan(2);
});

test("an area that is on its way does not wear another one's figures", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?area=E09000012");
  await expect(map.panel.getByRole("heading", { name: "Hackney" })).toBeVisible();
  const letThrough = await hold(page, "**/fn/get_panel?*");
  await map.find("Croydon");
  await expect(map.panel).toHaveAttribute("aria-busy", "true");
  await expect(map.panel).toContainText("Loading…");
  await expect(map.panel).not.toContainText("Hackney");
  letThrough();
  await expect(map.panel.getByRole("heading", { name: "Croydon" })).toBeVisible();
  await expect(map.panel).toHaveAttribute("aria-busy", "false");
});

test.describe("without a connection", () => {
  test.use({ expectedProblem: /ERR_INTERNET_DISCONNECTED|WebSocket|Failed to load resource/ });

  test("a measure that cannot be had is not shown in another one's colours, and comes by itself", async ({ page, context }) => {
    const map = new MapPage(page);
    await map.open("/?level=borough");
    const bounds = map.legend.locator(".bound").filter({ hasText: /\d/ });
    await expect(bounds).toHaveCount(6);
    await context.setOffline(true);
    await map.chooseMeasure("Night share");
    await expect(page.locator(".notice")).toContainText(/could not be reached/);
    await expect(page.locator(".notice")).toContainText(/no colours/);
    await expect(bounds).toHaveCount(0);
    await expect.poll(async () => (await map.paint()).colours, { message: "another measure's colours stay" }).toBe(1);
    // What is there already is shown again.
    await map.chooseMeasure("A year");
    await expect(bounds).toHaveCount(6);
    await expect.poll(async () => (await map.paint()).colours).toBeGreaterThan(2);
    await map.chooseMeasure("Night share");
    await expect(bounds).toHaveCount(0);
    await context.setOffline(false);
    await expect(page.locator(".notice")).toBeHidden();
    await expect(bounds).not.toHaveCount(0);
    await expect(page.getByRole("radio", { name: "Night share" })).toBeChecked();
    await expect.poll(async () => (await map.paint()).colours).toBeGreaterThan(2);
  });
});

for (const file of ["wattmap.*.js", "wattmap_bg.*.wasm"]) {
  test.describe(`without ${file}`, () => {
    test.use({ expectedProblem: /wattmap|dynamically imported module|ERR_FAILED|Failed to fetch/ });

    test("the page says so, and is as without scripts", async ({ page }) => {
      await page.route(`**/pkg/${file}`, (route) => route.abort());
      await page.goto("/");
      await expect(page.getByRole("alert")).toContainText("The live part of this page could not be loaded");
      await page.locator("#m a").first().dispatchEvent("click");
      await expect(page).toHaveURL(/\/area\/E0/);
      await expect(page.getByRole("alert")).toBeVisible();
    });
  });
}

test("a clock that is wrong makes nothing older", async ({ page }) => {
  await page.clock.setSystemTime(new Date("2031-05-05T12:00:00Z"));
  const map = new MapPage(page);
  await map.open("/");
  await expect(page.locator(".clock")).toHaveAttribute("data-state", /live|quiet/);
  await expect(page.locator(".clock")).not.toContainText("days");
});
