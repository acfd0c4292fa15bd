import type { Page, WebSocketRoute } from "@playwright/test";
import { MapPage } from "../support/map-page.ts";
import { expect, test } from "../support/test.ts";
import { Wattmap } from "../support/wattmap.ts";

/** Homes in each of two boroughs: more than the 30 that a live figure needs. */
const HOMES = 40;
/** City of London 001A and Camden 001A: their boroughs are the only ones with a figure. */
const PLACES = [
  { area: "E01000001", borough: "E09000001" },
  { area: "E01000907", borough: "E09000007" },
] as const;
const INTERVAL_S = 300;

/** An empty wattmap of the test's own, whose every reading the test sends. */
class Neighbourhoods {
  private constructor(
    readonly wattmap: Wattmap,
    private readonly key: string,
  ) {}

  static async found(): Promise<Neighbourhoods> {
    const wattmap = await Wattmap.start(["--simulate", "0"]);
    const neighbourhoods = new Neighbourhoods(wattmap, await wattmap.createKey("ingest"));
    const dwelling = { type: "flat", bedrooms: 1, occupants: 1, heating: "gas" };
    for (const [place, { area }] of PLACES.entries()) {
      const meters = neighbourhoods.meters(place).map((meter_id) => ({ meter_id, area, dwelling }));
      await neighbourhoods.post("meters", { meters });
    }
    return neighbourhoods;
  }

  /** Every home of a place uses this much, in the newest interval that is over; later ones correct earlier ones. */
  async use(place: number, watts: number): Promise<void> {
    const start = Math.floor(Date.now() / 1000 / INTERVAL_S - 1) * INTERVAL_S;
    const readings = this.meters(place).map((meter_id, number) => ({
      meter_id,
      start: new Date(start * 1000).toISOString().replace(".000", ""),
      duration_s: INTERVAL_S,
      // Not all alike, as homes are not.
      energy_wh: Math.round(((watts * INTERVAL_S) / 3600) * (0.9 + (0.2 * number) / HOMES) * 1000) / 1000,
    }));
    await this.post("readings", { readings });
  }

  private meters(place: number): string[] {
    return Array.from({ length: HOMES }, (_, number) => `END2END${place}${String(number).padStart(4, "0")}`);
  }

  private async post(what: "meters" | "readings", body: object): Promise<void> {
    const answer = await fetch(`${this.wattmap.url}/api/v1/${what}`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const receipt = (await answer.json()) as { accepted?: number };
    if (answer.status !== 200 || receipt.accepted !== HOMES) {
      throw new Error(`${what}: ${answer.status} ${JSON.stringify(receipt)}`);
    }
  }
}

/** Notes every class that a canvas of the map ever has: a fade is over before one could look. */
async function noteClasses(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const noted: string[] = [];
    Object.assign(window, { noted });
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        if (target instanceof HTMLCanvasElement) noted.push(target.className);
      }
    }).observe(document, { attributes: true, attributeFilter: ["class"], subtree: true });
  });
}

const fades = (page: Page): Promise<number> =>
  page.evaluate(() => (window as unknown as { noted: string[] }).noted.filter((name) => name.includes("appear")).length);

test.describe("readings that arrive", () => {
  // A connection that a test cuts is one that the browser notes.
  test.use({ expectedProblem: /WebSocket|ERR_CONNECTION_REFUSED|Failed to fetch|Failed to load resource/ });

  test("an open map changes as they do, and survives a restart", async ({ page }) => {
    test.slow();
    const homes = await Neighbourhoods.found();
    try {
      const map = new MapPage(page);
      await noteClasses(page);
      // Without a figure anywhere the page says so, and does not claim that it is alive.
      await map.open(`${homes.wattmap.url}/?measure=now&level=borough&area=${PLACES[0].borough}`);
      await expect(map.legend).toContainText(/no figures yet/i);
      await expect(map.freshness).toContainText(/no readings yet/i);

      await homes.use(0, 400);
      await homes.use(1, 200);
      await expect(map.panel.locator(".answer strong")).toHaveText(/^[34]\d\d$/, { timeout: 30_000 });
      await expect(map.freshness).toContainText(/live/i);
      await expect(map.legend).not.toContainText(/no figures yet/i);

      // A home's use grows until its borough is the other one's colour: the map fades to it.
      await page.goto(`${homes.wattmap.url}/?measure=now&level=borough&lat=51.5155&lng=-0.0922&z=12.00`);
      await map.takenOver();
      await expect.poll(() => map.nameAt(...map.middle())).toBe("City of London");
      const before = await map.colourInTheMiddle();
      const faded = await fades(page);
      await homes.use(0, 100);
      await expect.poll(() => map.colourInTheMiddle(), { timeout: 30_000 }).not.toBe(before);
      expect(await fades(page), "the change appeared at once").toBeGreaterThan(faded);

      // The connection is lost, and the page says so and keeps what it has.
      await homes.wattmap.stop();
      await expect(map.freshness).toContainText(/reconnecting/i);
      await expect(map.told).toHaveText(/interrupted/);
      const kept = await map.colourInTheMiddle();
      expect(kept).not.toBe(before);
      await map.chooseMeasure("Night share");
      await expect(page.locator(".notice")).toContainText(/could not be reached/);
      await homes.wattmap.startAgain();
      await expect(map.freshness).not.toContainText(/reconnecting/i, { timeout: 60_000 });
      await expect(map.told).toHaveText(/there again/);
      // What could not be had meanwhile is asked for again without being told to.
      await expect(page.locator(".notice")).toBeHidden();
      await map.chooseMeasure("Now");
      await expect.poll(() => map.colourInTheMiddle()).toBe(kept);
      await homes.use(0, 900);
      await expect.poll(() => map.colourInTheMiddle(), { timeout: 30_000 }).not.toBe(kept);
      await expect(map.freshness).toContainText(/live/i);
    } finally {
      await homes.wattmap.remove();
    }
  });
});

test("the header counts homes as they come", async ({ page }) => {
  const wattmap = await Wattmap.start(["--simulate", "0"]);
  try {
    const map = new MapPage(page);
    await map.open(wattmap.url);
    await expect(map.freshness).toContainText("No homes yet");
    const key = await wattmap.createKey("ingest");
    const meters = Array.from({ length: 12 }, (_, number) => ({ meter_id: `COUNTED${number}`, area: "E01000001" }));
    const answer = await fetch(`${wattmap.url}/api/v1/meters`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ meters }),
    });
    expect(answer.status).toBe(200);
    await expect(map.freshness).toContainText("10 to 19 homes", { timeout: 60_000 });
  } finally {
    await wattmap.remove();
  }
});

/** A feed that the test plays, on a clock that the test turns. */
class PlayedFeed {
  opened = 0;
  private socket: WebSocketRoute | undefined;

  private constructor(
    readonly page: Page,
    private accepts: boolean,
  ) {}

  static async install(page: Page, accepts = true): Promise<PlayedFeed> {
    const feed = new PlayedFeed(page, accepts);
    await page.clock.install();
    await page.routeWebSocket(/\/live/, (socket) => {
      feed.opened += 1;
      if (!feed.accepts) return void socket.close({ code: 1013 });
      feed.socket = socket;
      socket.onClose(() => (feed.socket = undefined));
      feed.say(0);
    });
    return feed;
  }

  get connected(): boolean {
    return this.socket !== undefined;
  }

  /** A frame of a feed that heard a meter so long ago. */
  say(heard_s: number): void {
    this.socket?.send(JSON.stringify({ type: "delta", seq: 1, level: "borough", at: new Date().toISOString(), heard_s, areas: [] }));
  }

  /** The server goes away. */
  async cut(): Promise<void> {
    this.accepts = false;
    await this.socket?.close({ code: 1001 });
  }

  /** The connection stays open, and leads nowhere; nor does another one. */
  fallsSilent(): void {
    this.accepts = false;
  }

  comesBack(): void {
    this.accepts = true;
  }

  /** So many seconds in which no meter is heard, but the server. */
  async quiet(seconds: number): Promise<void> {
    for (let heard_s = 10; heard_s <= seconds; heard_s += 10) {
      await this.page.clock.runFor(10_000);
      this.say(heard_s);
    }
  }
}

test("the freshness clock ticks, and says when it is quiet", async ({ page }) => {
  const feed = await PlayedFeed.install(page);
  const map = new MapPage(page);
  await map.open("/");
  await expect(map.freshness).toContainText(/live/i);
  await page.clock.runFor(20_000);
  await expect(map.freshness).toContainText(/Live · [2-5]\d\s?s ago/);
  await feed.quiet(100);
  await expect(map.freshness).toContainText(/Nothing new for \d\s?min/);
  await expect(map.freshness.locator("[data-state=quiet]")).toBeVisible();
  // A sign of life is no reading.
  feed.say(130);
  await expect(map.freshness).toContainText(/Nothing new for 2\s?min/);
  feed.say(0);
  await expect(map.freshness).toContainText(/live/i);
});

test("a lost connection is tried again with growing pauses", async ({ page }) => {
  const feed = await PlayedFeed.install(page);
  const map = new MapPage(page);
  await map.open("/");
  await expect(map.freshness).toContainText(/live/i);
  await feed.cut();
  await expect(map.freshness).toContainText(/reconnecting/i);
  const tries: number[] = [];
  for (let half_minute = 0; half_minute < 8; half_minute += 1) {
    const before = feed.opened;
    for (let second = 0; second < 30; second += 1) {
      await page.clock.runFor(1_000);
    }
    tries.push(feed.opened - before);
  }
  // Pauses of 0.5, 1, 2 and then 4 s in the first minute, of 15 s after it, each less up to half.
  expect(tries[0], `tries in each half-minute: ${tries}`).toBeGreaterThanOrEqual(7);
  expect(tries[0], `tries in each half-minute: ${tries}`).toBeLessThanOrEqual(16);
  expect(Math.max(...tries.slice(3)), `tries in each half-minute: ${tries}`).toBeLessThanOrEqual(4);
  feed.comesBack();
  await page.clock.runFor(16_000);
  await expect(map.freshness).toContainText(/live/i);
});

for (const { what, by } of [
  { what: "brings nothing any more", by: (page: Page) => page.clock.runFor(30_000) },
  {
    what: "the browser says has gone",
    by: (page: Page) => page.evaluate(() => void window.dispatchEvent(new Event("offline"))),
  },
]) {
  test(`a connection that ${what} is given up, and tried again`, async ({ page }) => {
    const feed = await PlayedFeed.install(page);
    const map = new MapPage(page);
    await map.open("/");
    await expect(map.freshness).toContainText(/live/i);
    feed.fallsSilent();
    await by(page);
    await expect(map.freshness).toContainText(/reconnecting/i);
    feed.comesBack();
    await page.clock.runFor(5_000);
    await expect(map.freshness).toContainText(/live/i);
  });
}

/** An open page whose feed has been away for twelve seconds. */
async function awayForSeconds(page: Page): Promise<{ feed: PlayedFeed; map: MapPage }> {
  const feed = await PlayedFeed.install(page);
  const map = new MapPage(page);
  await map.open("/");
  await expect(map.freshness).toContainText(/live/i);
  await feed.cut();
  await expect(map.freshness).toContainText(/reconnecting/i);
  for (let second = 0; second < 12; second += 1) await page.clock.runFor(1_000);
  return { feed, map };
}

test("after a short outage the page is back within seconds", async ({ page }) => {
  const { feed, map } = await awayForSeconds(page);
  feed.comesBack();
  await page.clock.runFor(5_000);
  await expect(map.freshness).toContainText(/live/i);
});

for (const { said, by } of [
  { said: "the network is back", by: () => window.dispatchEvent(new Event("online")) },
  { said: "the tab is looked at", by: () => document.dispatchEvent(new Event("visibilitychange")) },
]) {
  test(`the page does not wait when the browser says that ${said}`, async ({ page }) => {
    const { feed, map } = await awayForSeconds(page);
    // The clock stands still from here on: no pause ends by itself.
    feed.comesBack();
    await page.evaluate(by);
    await expect(map.freshness).toContainText(/live/i);
  });
}

test("a hidden tab lets the feed go, and takes it up again when it is looked at", async ({ page }) => {
  const feed = await PlayedFeed.install(page);
  const map = new MapPage(page);
  await map.open("/");
  await expect(map.freshness).toContainText(/live/i);
  const hide = (hidden: boolean) =>
    page.evaluate((hidden) => Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden }), hidden);
  await hide(true);
  await page.clock.runFor(5_000);
  expect(feed.connected, "a look at another tab costs nothing").toBe(true);
  await page.clock.runFor(10_000);
  await expect.poll(() => feed.connected).toBe(false);
  const opened = feed.opened;
  await page.clock.runFor(120_000);
  expect(feed.opened).toBe(opened);
  await hide(false);
  await page.clock.runFor(3_000);
  await expect.poll(() => feed.connected).toBe(true);
  await expect(map.freshness).toContainText(/live/i);
});

test("simulated homes are seen arriving", async ({ page }) => {
  const map = new MapPage(page);
  await map.open("/?measure=now&level=borough");
  await expect(map.freshness).toContainText(/live/i);
  const frames: string[] = [];
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(String(payload))));
  await page.reload();
  await map.takenOver();
  await expect.poll(() => frames.length, { timeout: 30_000 }).toBeGreaterThan(2);
  const parsed = frames.map((frame) => JSON.parse(frame) as { type: string; seq: number });
  expect(parsed[0]?.type).toBe("snapshot");
  expect(parsed.map((frame) => frame.seq)).toEqual(parsed.map((_, at) => (parsed[0]?.seq ?? 0) + at));
});

test("changes that follow each other closely never leave the map blank", async ({ page }) => {
  await page.addInitScript(() => {
    const wiped: string[] = [];
    Object.assign(window, { wiped });
    const { clearRect } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.clearRect = function (...box) {
      // The picture underneath must not go while the one over it is still appearing.
      const over = document.querySelector(".stage canvas.areas");
      const opacity = over === null ? "1" : getComputedStyle(over).opacity;
      if (this.canvas.matches(".before") && opacity !== "1") wiped.push(opacity);
      clearRect.apply(this, box);
    };
  });
  await noteClasses(page);
  let socket: WebSocketRoute | undefined;
  await page.routeWebSocket(/\/live/, (route) => void (socket = route));
  const map = new MapPage(page);
  await map.open("/?measure=now&level=borough&lat=51.49973&lng=-0.13722&z=12.00");
  await expect.poll(() => map.nameAt(...map.middle())).toBe("Westminster");
  await expect.poll(() => socket !== undefined).toBe(true);
  for (let seq = 1; seq <= 10; seq += 1) {
    const areas = [{ code: "E09000033", status: "measured", mean_w: seq % 2 === 0 ? 5 : 5000 }];
    socket?.send(JSON.stringify({ type: "delta", seq, level: "borough", at: new Date().toISOString(), heard_s: 0, areas }));
    await page.waitForTimeout(200);
  }
  // The last change is not lost for having come so soon.
  const lowest = await page.evaluate(() => {
    const colour = getComputedStyle(document.querySelector(".scale .k0") ?? document.body).backgroundColor;
    return `${(colour.match(/[\d.]+/g) ?? []).slice(0, 3).join(",")},255`;
  });
  await expect.poll(() => map.colourInTheMiddle()).toBe(lowest);
  expect(await fades(page), "nothing appeared slowly").toBeGreaterThan(1);
  expect(await page.evaluate(() => (window as unknown as { wiped: string[] }).wiped)).toEqual([]);
});
