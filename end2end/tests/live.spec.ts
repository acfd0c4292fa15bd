import { MapPage } from "../support/map-page.ts";
import { expect, test } from "../support/test.ts";
import { Wattmap } from "../support/wattmap.ts";

/** Homes in one place: more than the 30 that a live figure needs. */
const HOMES = 40;
/** City of London 001A, and a point in its middle. */
const AREA = "E01000001";
const BOROUGH = "E09000001";
const INTERVAL_S = 300;

/** An empty wattmap of the test's own, whose every reading the test sends. */
class Neighbourhood {
  private constructor(
    readonly wattmap: Wattmap,
    private readonly key: string,
  ) {}

  static async found(): Promise<Neighbourhood> {
    const wattmap = await Wattmap.start(["--simulate", "0"]);
    const neighbourhood = new Neighbourhood(wattmap, await wattmap.createKey("ingest"));
    const dwelling = { type: "flat", bedrooms: 1, occupants: 1, heating: "gas" };
    const meters = neighbourhood.meters().map((meter_id) => ({ meter_id, area: AREA, dwelling }));
    await neighbourhood.post("meters", { meters });
    return neighbourhood;
  }

  /** Every home uses this much, in the newest interval that is over. */
  async use(watts: number): Promise<void> {
    const start = Math.floor(Date.now() / 1000 / INTERVAL_S - 1) * INTERVAL_S;
    const readings = this.meters().map((meter_id, number) => ({
      meter_id,
      start: new Date(start * 1000).toISOString().replace(".000", ""),
      duration_s: INTERVAL_S,
      // Not all alike, as homes are not.
      energy_wh: Math.round(((watts * INTERVAL_S) / 3600) * (0.9 + (0.2 * number) / HOMES) * 1000) / 1000,
    }));
    await this.post("readings", { readings });
  }

  private meters(): string[] {
    return Array.from({ length: HOMES }, (_, number) => `END2END${String(number).padStart(4, "0")}`);
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

test.describe("readings that arrive", () => {
  // A connection that a test cuts is one that the browser notes.
  test.use({ expectedProblem: /WebSocket|ERR_CONNECTION_REFUSED|Failed to fetch|Failed to load resource/ });

  test("an open map changes as they do, and survives a restart", async ({ page }) => {
    test.slow();
    const { wattmap, ...rest } = await open();
    try {
      const map = new MapPage(page);
      // Without a figure anywhere the page says so.
      await map.open(`${wattmap.url}/?measure=now&level=borough&area=${BOROUGH}`);
      await expect(map.legend).toContainText(/no figures yet/i);

      await rest.use(400);
      await expect(map.panel).toContainText(/[34]\d\d\s*W|[34]\d\d watts/i, { timeout: 20_000 });
      await expect(map.freshness).toContainText(/live/i);

      // The connection is lost, and the page says so and keeps what it has.
      await wattmap.stop();
      await expect(map.freshness).toContainText(/reconnecting/i);
      await map.painted();
      await wattmap.startAgain();
      await expect(map.freshness).toContainText(/live|quiet/i, { timeout: 45_000 });
    } finally {
      await wattmap.remove();
    }
  });
});

async function open() {
  const neighbourhood = await Neighbourhood.found();
  return { wattmap: neighbourhood.wattmap, use: neighbourhood.use.bind(neighbourhood) };
}

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
