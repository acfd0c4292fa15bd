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

  test("a finger pulls the sheet up and down, a tap turns it", async ({ page, context }) => {
    const map = new MapPage(page);
    await map.open("/?area=E09000012");
    const top = async () => (await map.panel.boundingBox())?.y ?? 0;
    const low = await top();
    const finger = await context.newCDPSession(page);
    const handle = page.locator(".handle");
    const atRest = async () => {
      let before: number | undefined;
      await expect.poll(async () => before === (before = await top())).toBe(true);
    };
    const pull = async (by: number) => {
      await atRest();
      const box = await handle.boundingBox();
      if (box === null) throw new Error("the sheet has no handle");
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      await finger.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x, y }] });
      for (let step = 1; step <= 8; step += 1) {
        const touchPoints = [{ x, y: y + (by * step) / 8 }];
        await finger.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints });
      }
      await finger.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    };
    await handle.tap();
    await expect.poll(top).toBeLessThan(low - 100);
    await pull(200);
    await expect.poll(top).toBe(low);
    await pull(-200);
    await expect.poll(top).toBeLessThan(low - 100);
  });

  test("tapping an area opens it", async ({ page }) => {
    const map = new MapPage(page);
    await map.open("/?lat=51.50735&lng=-0.12776&z=11.50");
    await page.touchscreen.tap(195, 380);
    await expect(map.panel).toBeVisible();
  });

  for (const path of ["/", "/?area=E09000012"]) {
    test(`what is tapped is large enough: ${path}`, async ({ page }) => {
      const map = new MapPage(page);
      await map.open(path);
      const tapped = page.locator(
        "button:visible, .segments label:visible, summary:visible, header a:not(.skip):visible, .close:visible",
      );
      const small = await tapped.evaluateAll((elements) =>
        elements
          .map((element) => ({ name: element.outerHTML.slice(0, 100), box: element.getBoundingClientRect() }))
          .filter(({ box }) => box.width > 0 && (box.height < 44 || box.width < 44))
          .map(({ name, box }) => `${name} is ${Math.round(box.width)} x ${Math.round(box.height)}`),
      );
      expect(small).toEqual([]);
    });
  }

  test("all measures are in sight, and the sources are a tap away", async ({ page }) => {
    const map = new MapPage(page);
    await map.open("/");
    for (const measure of await page.locator(".measures label").all()) {
      await expect(measure).toBeInViewport({ ratio: 1 });
    }
    await page.locator(".credits summary").click();
    await expect(page.locator(".credits details p")).toBeInViewport({ ratio: 1 });
    await expect(page.locator(".credits details p")).toContainText(/Ordnance Survey.*GeoNames.*Royal Mail/);
  });

  test("the sheet shows the day before it is pulled up, and the key stays", async ({ page }) => {
    const map = new MapPage(page);
    await map.open("/?area=E09000012");
    await expect(map.panel.locator("svg.chart").first()).toBeInViewport({ ratio: 1 });
    await expect(map.legend).toBeInViewport({ ratio: 1 });
    await expect(map.legend.locator(".scale .bound:visible")).toHaveCount(2);
    await expect(map.freshness).toContainText(/simulated homes/);
  });

  test("the list shows every figure whole", async ({ page }) => {
    for (const measure of ["annual", "now", "night_share", "evening_share"]) {
      await page.goto(`/list?level=msoa&measure=${measure}`);
      const frame = page.locator(".table-frame");
      expect(await frame.evaluate((it) => it.scrollWidth - it.clientWidth), `${measure}: the table scrolls`).toBe(0);
      const cut = await page.locator(".areas .number").evaluateAll((cells) => {
        const reach = document.createRange();
        return cells.filter((cell) => {
          reach.selectNodeContents(cell);
          const box = reach.getBoundingClientRect();
          return box.left < 0 || box.right > window.innerWidth;
        }).length;
      });
      expect(cut, `${measure}: figures that are cut`).toBe(0);
    }
  });
});
