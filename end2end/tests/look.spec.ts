import { MapPage } from "../support/map-page.ts";
import { expect, test } from "../support/test.ts";

const lightness = (colour: string): number => {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue;
};

const ground = (map: MapPage): Promise<string> =>
  map.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

test("the device's dark is dark, and the switch overrules it and stays", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  const map = new MapPage(page);
  await map.open("/");
  expect(lightness(await ground(map))).toBeLessThan(80);
  await page.locator("button.theme").click();
  await expect.poll(async () => lightness(await ground(map))).toBeGreaterThan(180);
  await map.painted();
  await page.reload();
  await map.takenOver();
  expect(lightness(await ground(map))).toBeGreaterThan(180);
});

test("the canvas has the theme's colours", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?lat=51.50735&lng=-0.12776&z=12.00");
  const light = await map.colourInTheMiddle();
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(() => map.colourInTheMiddle()).not.toBe(light);
});

test("with reduced motion nothing moves", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  const map = new MapPage(page);
  await map.open("/?area=E09000012");
  const moving = await page.evaluate(() =>
    document.getAnimations().filter((animation) => animation.playState === "running").map((animation) => String(animation)),
  );
  expect(moving).toEqual([]);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });

  test("the map is above, the area is a sheet", async ({ page }) => {
    const map = new MapPage(page);
    await map.open("/?area=E09000012");
    await expect(map.panel).toBeVisible();
    const sheet = await map.panel.boundingBox();
    expect(sheet?.y).toBeGreaterThan(844 * 0.3);
    expect(Math.round(sheet?.width ?? 0)).toBeGreaterThan(360);
  });

  test("tapping an area opens it", async ({ page }) => {
    const map = new MapPage(page);
    await map.open("/?lat=51.50735&lng=-0.12776&z=11.50");
    await page.touchscreen.tap(195, 380);
    await expect(map.panel).toBeVisible();
  });

  test("what is tapped is large enough", async ({ page }) => {
    const map = new MapPage(page);
    await map.open("/?area=E09000012");
    const small = await page.locator("button:visible, .segments label:visible, summary:visible").evaluateAll((elements) =>
      elements
        .map((element) => ({ name: element.outerHTML.slice(0, 100), box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && (box.height < 44 || box.width < 44))
        .map(({ name, box }) => `${name} is ${Math.round(box.width)} x ${Math.round(box.height)}`),
    );
    expect(small).toEqual([]);
  });
});
