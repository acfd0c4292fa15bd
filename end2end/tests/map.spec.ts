import { hold } from "../support/hold.ts";
import { MapPage } from "../support/map-page.ts";
import { expect, test } from "../support/test.ts";

// Some points in London, as windows of these sizes show all of it.
const WINDOWS = [
  { width: 1440, height: 900, points: [[720, 300], [900, 420], [560, 520], [1000, 620]] },
  { width: 1920, height: 1080, points: [[900, 300], [1270, 430], [800, 600], [1280, 800]] },
] as const;

for (const { width, height, points } of WINDOWS) {
  test(`the browser takes the map over in its place, ${width} wide`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    const map = new MapPage(page);
    // Held back until the first picture has been looked at.
    const letScriptsThrough = await hold(page, "**/*.wasm");
    await page.goto("/");
    // What lies at a few points of the server's picture, and in which colour.
    const before = await page.evaluate(
      (points) =>
        points.map(([x, y]) => {
          const path = document.elementFromPoint(x, y);
          const [red, green, blue] = getComputedStyle(path ?? document.body).fill.match(/[\d.]+/g) ?? [];
          return { title: path?.closest("a")?.querySelector("title")?.textContent ?? "", colour: `${red},${green},${blue},255` };
        }),
      points,
    );
    letScriptsThrough();
    await map.takenOver();
    for (const [number, [x, y]] of points.entries()) {
      const name = await map.nameAt(x, y);
      expect(name, `at ${x}, ${y}`).not.toBe("");
      expect(before[number]?.title, `at ${x}, ${y} lies another area than before`).toContain(name);
      expect(await map.coloursNear(x, y), `at ${x}, ${y} is another colour than before`).toContain(before[number]?.colour);
    }
    const paint = await map.paint();
    expect(paint.colours, "a choropleth has more than one colour").toBeGreaterThan(2);
  });
}

test("a link to a neighbourhood keeps its colours, its legend and its names when the browser takes the map over", async ({ page }) => {
  const map = new MapPage(page);
  const letScriptsThrough = await hold(page, "**/*.wasm");
  await page.goto("/?area=E02000626");
  const bounds = () => map.legend.locator(".scale .bound").allTextContents();
  const drawn = await bounds();
  const names = () => page.locator(".box b").evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().width > 0).map((one) => one.textContent));
  expect(await names(), "places, not boroughs").toContain("Camberwell");
  const middle = await page.locator(".outlines .sel").evaluate((it) => {
    const box = it.getBoundingClientRect();
    return [box.left + box.width * 0.45, box.top + box.height / 2] as const;
  });
  const colour = await page.evaluate(([x, y]) => getComputedStyle(document.elementFromPoint(x, y) ?? document.body).fill, middle);
  letScriptsThrough();
  await map.takenOver();
  await page.waitForTimeout(1_500);
  expect(await bounds()).toEqual(drawn);
  await expect(map.levelByZoom).toHaveText("By zoom: Neighbourhoods");
  const [red, green, blue] = colour.match(/[\d.]+/g) ?? [];
  expect(await map.coloursNear(...middle)).toContain(`${red},${green},${blue},255`);
  // Whoever goes nearer sees street areas.
  await page.getByRole("button", { name: "Zoom in" }).click();
  await expect(map.levelByZoom).toHaveText("By zoom: Street areas");
});

test("a wider area's figure is said to be one where the pointer is", async ({ page }) => {
  const map = new MapPage(page);
  const letOutlinesThrough = await hold(page, "**/geo/lsoa.json");
  // 6,000 homes are about one in each of the smallest areas.
  await map.open("/?measure=now&lat=51.50735&lng=-0.12776&z=13.50");
  await map.nameAt(...map.middle());
  const official = page.locator(".tooltip span");
  await expect(official).not.toHaveText(/[A-Z]$/);
  letOutlinesThrough();
  // The pointer rests, and the picture under it becomes another.
  await expect(official).toHaveText(/ \d{3}[A-Z]$/, { timeout: 30_000 });
  await expect(page.locator(".tooltip em")).toHaveText(/for a wider area$|too few homes$/, { timeout: 30_000 });
});

test("who has not moved the map sees all of it in a window that grows", async ({ page, context }) => {
  const [small, large] = WINDOWS;
  const fresh = await context.newPage();
  await fresh.setViewportSize(large);
  const wanted = new MapPage(fresh);
  await wanted.open("/");
  const names = async (map: MapPage) => {
    const names = [];
    for (const [x, y] of large.points) names.push(await map.nameAt(x, y));
    return names;
  };
  const expected = await names(wanted);
  await fresh.close();
  await page.setViewportSize({ width: 1000, height: small.height / 2 });
  const map = new MapPage(page);
  await map.open("/");
  await page.setViewportSize(large);
  await expect.poll(() => names(map), { timeout: 20_000 }).toEqual(expected);
  expect(map.query().get("z"), "nobody has moved the map").toBeNull();
});

test("zooming in and out changes the level", async ({ page }) => {
  const map = new MapPage(page);
  // What the pointer's card says under the name, where the name is not the official one: `Westminster 018`.
  const official = async () => {
    await map.nameAt(...map.middle());
    return page.locator(".tooltip span").textContent();
  };
  await map.open("/?lat=51.50735&lng=-0.12776&z=11.00");
  await expect(map.levelByZoom).toHaveText("By zoom: Neighbourhoods");
  await expect.poll(official).toMatch(/ \d{3}$/);
  await map.open("/?lat=51.50735&lng=-0.12776&z=13.50");
  await expect(map.levelByZoom).toHaveText("By zoom: Street areas");
  // Their outlines are fetched now; until they are here, the coarser ones stay.
  await expect.poll(official, { timeout: 30_000 }).toMatch(/ \d{3}[A-Z]$/);
  await map.open("/?lat=51.50735&lng=-0.12776&z=9.00");
  await expect(map.levelByZoom).toHaveText("By zoom: Boroughs");
  await expect.poll(() => map.nameAt(...map.middle()), { timeout: 30_000 }).toBe("Westminster");
});

test("the legend is of the areas that are drawn, not of those whose outlines are on their way", async ({ page }) => {
  const map = new MapPage(page);
  const letOutlinesThrough = await hold(page, "**/geo/lsoa.json");
  // Whatever the homes use, the bounds of the two levels are not the same.
  await page.route(/api\/v1\/map\?level=lsoa/, async (route) => {
    const response = await route.fetch();
    const answer = (await response.json()) as { classes: number[] };
    await route.fulfill({ response, json: { ...answer, classes: answer.classes.map((bound) => bound + 100) } });
  });
  const bounds = () => map.legend.locator(".scale .bound").allTextContents();
  const figures = page.waitForResponse(/api\/v1\/map\?level=lsoa/);
  await page.goto("/?lat=51.50735&lng=-0.12776&z=13.50");
  const drawn = await bounds();
  await map.takenOver();
  await figures;
  await page.waitForTimeout(300);
  expect(await bounds()).toEqual(drawn);
  letOutlinesThrough();
  await expect.poll(bounds).not.toEqual(drawn);
});

test("names lie neither on each other nor on the open area's outline, in the first picture of any window", async ({ page }) => {
  const letScriptsThrough = await hold(page, "**/*.wasm");
  for (const [width, height] of [[360, 640], [390, 844], [1024, 600], [1440, 900]] as const) {
    for (const path of ["/", "/?area=E09000022"]) {
      await page.setViewportSize({ width, height });
      await page.goto(path);
      await page.evaluate(() => document.fonts.ready);
      const touching = await page.evaluate(() => {
        const names = [...document.querySelectorAll(".box b")].map((name) => ({ text: name.textContent, box: name.getBoundingClientRect() }));
        const seen = names.filter(({ box }) => box.width > 0);
        const outline = document.querySelector<SVGPathElement>(".outlines .sel");
        const matrix = outline?.getScreenCTM() ?? undefined;
        const length = outline?.getTotalLength() ?? 0;
        const line = Array.from({ length: outline ? 400 : 0 }, (_, part) =>
          new DOMPoint(...(({ x, y }) => [x, y] as const)(outline!.getPointAtLength((length * part) / 400))).matrixTransform(matrix),
        );
        const within = (a: DOMRect, { x, y }: DOMPoint) => a.left < x && x < a.right && a.top < y && y < a.bottom;
        const meet = (a: DOMRect, b: DOMRect) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
        const pairs = seen.flatMap((a, at) => seen.slice(at + 1).filter((b) => meet(a.box, b.box)).map((b) => `${a.text} on ${b.text}`));
        const crossed = seen.filter(({ box }) => line.some((point) => within(box, point))).map(({ text }) => `${text} on the outline`);
        return { seen: seen.length, problems: [...pairs, ...crossed] };
      });
      expect(touching.problems, `${path} at ${width}x${height}`).toEqual([]);
      // Beside an open area a phone has little of the map.
      const some = path === "/" ? (width < 500 ? 6 : 13) : 3;
      expect(touching.seen, `${path} at ${width}x${height}`).toBeGreaterThanOrEqual(some);
    }
  }
  letScriptsThrough();
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
  await expect(map.panel.getByRole("heading", { name: "Camden", exact: true })).toBeVisible();
  const url = page.url();
  const other = new MapPage(await context.newPage());
  await other.open(url);
  await expect(other.page.getByRole("radio", { name: "Now" })).toBeChecked();
  await expect(other.panel.getByRole("heading").first()).toHaveText("Camden");
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`a link to an area opens where the area is, outlined, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    const map = new MapPage(page);
    const letScriptsThrough = await hold(page, "**/*.wasm");
    await page.goto("/?area=E01000907");
    // Where the server's picture has the outline: forty points of it.
    const outline = await page.locator(".outlines .sel").evaluate((it) => {
      const path = it as SVGPathElement;
      const matrix = path.getScreenCTM();
      const along = Array.from({ length: 40 }, (_, part) => path.getPointAtLength((path.getTotalLength() * part) / 40));
      return along.map((point) => new DOMPoint(point.x, point.y).matrixTransform(matrix ?? undefined)).map(({ x, y }) => ({ x, y }));
    });
    const left = Math.min(...outline.map(({ x }) => x));
    const right = Math.max(...outline.map(({ x }) => x));
    expect(right - left, "the area is too small to be seen").toBeGreaterThan(60);
    letScriptsThrough();
    await map.takenOver();
    await expect(map.levelByZoom).toHaveText("By zoom: Street areas");
    // The browser's outline lies there, too, and no name covers it or is crossed by it.
    const ink = (await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--ink"))).trim();
    await expect.poll(() => map.outlined(outline, ink), { timeout: 30_000 }).toBeGreaterThanOrEqual(38);
    expect(new URL(page.url()).search).toBe("?area=E01000907");
  });
}

test("what the map does not know in a link gives way to what it shows", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?level=foo&measure=zzz&area=E09000012");
  expect(new URL(page.url()).search).toBe("?area=E09000012");
  await expect(map.page.getByRole("radio", { name: "A year" })).toBeChecked();
  await expect(map.legend.getByRole("combobox")).toHaveValue("");
  await expect(map.panel.getByRole("heading", { name: "Hackney" })).toBeVisible();
});

test("zooming out ends while the map can be read", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/");
  await page.mouse.move(720, 450);
  for (let turn = 0; turn < 12; turn += 1) await page.mouse.wheel(0, 600);
  await expect(map.levelByZoom).toHaveText("By zoom: Boroughs");
  await expect(async () => {
    const before = map.query().get("z");
    await page.mouse.wheel(0, 600);
    await page.waitForTimeout(400);
    expect(map.query().get("z")).toBe(before);
  }).toPass();
  // Half of the window's height, and a little less because the names of places need room.
  const painted = await map.paint();
  expect(painted.painted).toBeGreaterThan(0.08 * 1440 * 900);
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

test("back and forward go to the places that were looked at", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?lat=51.50735&lng=-0.12776&z=12.00");
  await map.find("Croydon");
  await expect.poll(() => Number(map.query().get("lat"))).toBeLessThan(51.45);
  const there = map.query();
  await page.goBack();
  await expect(map.panel).toBeHidden();
  await expect.poll(() => map.query().get("lat")).toBe("51.50735");
  await expect.poll(() => map.nameAt(...map.middle())).not.toMatch(/Croydon/);
  await page.goForward();
  await expect(map.panel.getByRole("heading", { name: "Croydon" })).toBeVisible();
  await expect.poll(() => map.query().get("lat")).toBe(there.get("lat"));
});

test("who has not moved the map keeps a short link, and sees the whole in any window", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/");
  await page.setViewportSize({ width: 1000, height: 640 });
  await map.painted();
  await page.getByRole("button", { name: "Zoom in" }).click();
  await expect.poll(() => map.query().get("z")).not.toBeNull();
  await page.getByRole("button", { name: "Show the whole map" }).click();
  await expect.poll(() => new URL(page.url()).search).toBe("");
});

test("a long drag leaves no part of the map empty", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?lat=51.50735&lng=-0.12776&z=12.00");
  await page.mouse.move(1000, 450);
  await page.mouse.down();
  await page.mouse.move(400, 450, { steps: 30 });
  // The button is still down. This is Havering, well outside of what the first picture had.
  await expect.poll(() => map.colourAt(1240, 200)).toMatch(/,255$/);
  await page.mouse.up();
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

test.describe("what is not there", () => {
  // The browser itself notes the status.
  test.use({ expectedProblem: /404/ });

  test("an unknown area in the link is said, and the rest stays", async ({ page }) => {
    const map = new MapPage(page);
    await map.open("/?area=E99999999");
    await expect(page.getByText(/no area .E99999999./i)).toBeVisible();
    await map.painted();
  });

  test("a page that is not there says so", async ({ page }) => {
    const answer = await page.goto("/no/such/page");
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole("heading", { name: /no such page/i })).toBeVisible();
    await expect(page.getByRole("link", { name: /map/i }).first()).toBeVisible();
  });
});
