import { MapPage } from "../support/map-page.ts";
import { expect, test } from "../support/test.ts";

test("the browser takes the map over in its place", async ({ page }) => {
  const map = new MapPage(page);
  // Held back until the first picture has been looked at.
  let letScriptsThrough = () => {};
  const held = new Promise<void>((resolve) => (letScriptsThrough = resolve));
  await page.route("**/*.wasm", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto("/");
  const before = await page.locator("svg#m").boundingBox();
  letScriptsThrough();
  await map.takenOver();
  const after = await map.map.boundingBox();
  expect(before).not.toBeNull();
  expect(after).not.toBeNull();
  const paint = await map.paint();
  expect(paint.colours, "a choropleth has more than one colour").toBeGreaterThan(2);
});

test("zooming in and out changes the level", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?lat=51.50735&lng=-0.12776&z=11.00");
  await expect(map.legend).toContainText(/MSOA|neighbourhood/i);
  await map.open("/?lat=51.50735&lng=-0.12776&z=13.50");
  await expect(map.legend).toContainText(/LSOA|small area|block/i);
  await map.painted();
  await map.open("/?lat=51.50735&lng=-0.12776&z=9.00");
  await expect(map.legend).toContainText(/borough/i);
});

test("the zoom buttons and the wheel move the camera, and the URL follows", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?lat=51.50735&lng=-0.12776&z=11.00");
  await page.getByRole("button", { name: "Zoom in" }).click();
  await expect.poll(() => Number(map.query().get("z"))).toBeGreaterThan(11.5);
  const zoomed = Number(map.query().get("z"));
  await page.mouse.move(720, 450);
  await page.mouse.wheel(0, 400);
  await expect.poll(() => Number(map.query().get("z"))).toBeLessThan(zoomed);
});

test("a shared link shows the same", async ({ page, context }) => {
  const map = new MapPage(page);
  await map.open("/");
  await map.chooseMeasure("Now");
  await expect(page).toHaveURL(/measure=now/);
  await map.find("Camden");
  const url = page.url();
  const title = await map.panel.getByRole("heading").first().textContent();
  const other = new MapPage(await context.newPage());
  await other.open(url);
  await expect(other.page.getByRole("radio", { name: "Now" })).toBeChecked();
  await expect(other.panel.getByRole("heading").first()).toHaveText(title ?? "");
});

test("back undoes a step", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/");
  await map.chooseMeasure("Night share");
  await expect(page).toHaveURL(/measure=night_share/);
  await page.goBack();
  await expect(page.getByRole("radio", { name: "A year" })).toBeChecked();
  await map.painted();
});

test("pointing at an area names it, clicking opens it", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?lat=51.50735&lng=-0.12776&z=12.00");
  await page.mouse.move(700, 440);
  await page.mouse.move(720, 450);
  const name = page.locator(".tooltip strong");
  await expect(page.locator(".tooltip")).toHaveClass(/shown/);
  await expect(name).not.toBeEmpty();
  await page.mouse.click(720, 450);
  await expect(map.panel).toBeVisible();
  expect(map.query().get("area")).toMatch(/^E0/);
});

test("an unknown area in the link is said, and the rest stays", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?area=E99999999");
  await expect(page.getByText(/no area .E99999999./i)).toBeVisible();
  await map.painted();
});

test.describe("what is not there", () => {
  // The browser itself notes the status.
  test.use({ expectedProblem: /404/ });

  test("a page that is not there says so", async ({ page }) => {
    const answer = await page.goto("/no/such/page");
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole("heading", { name: /no such page/i })).toBeVisible();
    await expect(page.getByRole("link", { name: /map/i }).first()).toBeVisible();
  });
});
