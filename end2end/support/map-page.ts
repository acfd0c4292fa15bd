import { expect, type Locator, type Page } from "@playwright/test";

/** The picture that is shown: there is one before it, under it, and one of outlines and names over it. */
const SHOWN = ".stage canvas.areas";

/** The map page, in the words in which a reader would describe it. */
export class MapPage {
  readonly search: Locator;
  readonly suggestions: Locator;
  readonly map: Locator;
  readonly panel: Locator;
  readonly legend: Locator;
  readonly freshness: Locator;
  /** What those hear who do not see the map. */
  readonly told: Locator;

  constructor(readonly page: Page) {
    this.search = page.getByRole("combobox", { name: /postcode/i });
    this.suggestions = page.getByRole("listbox").getByRole("option");
    this.map = page.getByRole("application");
    this.panel = page.locator(".panel");
    this.legend = page.locator(".legend");
    this.freshness = page.locator(".live");
    this.told = page.locator("p.sr[role=status]");
  }

  /** Opens a view and waits until the browser has taken the map over. */
  async open(path = "/"): Promise<void> {
    await this.page.goto(path);
    await this.takenOver();
  }

  async takenOver(): Promise<void> {
    // The server's picture is let go only when ours is there.
    await expect(this.page.locator(".map.taken")).toBeAttached({ timeout: 30_000 });
    await this.painted();
  }

  /** How many pixels of the map's canvas are painted, and with how many different colours. */
  async paint(): Promise<{ painted: number; colours: number }> {
    // Found and read in one go: two canvases take turns.
    return this.page.evaluate((shown) => {
      const canvas = document.querySelector<HTMLCanvasElement>(shown);
      const context = canvas?.getContext("2d");
      if (!canvas || !context || canvas.width === 0) return { painted: 0, colours: 0 };
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      const counts = new Map<number, number>();
      let painted = 0;
      for (let at = 0; at < data.length; at += 4) {
        if ((data[at + 3] ?? 0) < 128) continue;
        painted += 1;
        // Sixteen steps a channel: seams and soft edges make few colours of their own.
        const colour = ((data[at] ?? 0) >> 4) * 256 + ((data[at + 1] ?? 0) >> 4) * 16 + ((data[at + 2] ?? 0) >> 4);
        counts.set(colour, (counts.get(colour) ?? 0) + 1);
      }
      const large = [...counts.values()].filter((count) => count > painted / 200);
      return { painted, colours: large.length };
    }, SHOWN);
  }

  /** Waits until the canvas shows something. */
  async painted(): Promise<void> {
    await expect.poll(async () => (await this.paint()).painted, { message: "the canvas stays empty" }).toBeGreaterThan(5_000);
  }

  /** The colour in the middle of the map. */
  async colourInTheMiddle(): Promise<string> {
    return this.colourAt(...this.middle());
  }

  /** The colour of the areas' picture at a point of the window. */
  async colourAt(x: number, y: number): Promise<string> {
    return this.page.evaluate(
      ({ shown, at }) => {
        const canvas = document.querySelector<HTMLCanvasElement>(shown);
        if (canvas === null) return "";
        const box = canvas.getBoundingClientRect();
        const scale = canvas.width / box.width;
        const place = [Math.round((at.x - box.left) * scale), Math.round((at.y - box.top) * scale)] as const;
        const pixel = canvas.getContext("2d")?.getImageData(...place, 1, 1).data ?? [];
        return [...pixel].join(",");
      },
      { shown: SHOWN, at: { x, y } },
    );
  }

  /** Near how many of these points of the window the map's outlines have this colour: `#14201c`. */
  async outlined(points: readonly { x: number; y: number }[], colour: string): Promise<number> {
    return this.page.evaluate(
      ({ points, colour }) => {
        const canvas = document.querySelector<HTMLCanvasElement>(".stage canvas.outlines");
        const context = canvas?.getContext("2d");
        if (!canvas || !context) return 0;
        const wanted = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
        const box = canvas.getBoundingClientRect();
        const scale = canvas.width / box.width;
        return points.filter(({ x, y }) => {
          const side = Math.ceil(8 * scale);
          const corner = [(x - box.left) * scale - side / 2, (y - box.top) * scale - side / 2].map(Math.round);
          const { data } = context.getImageData(corner[0] ?? 0, corner[1] ?? 0, side, side);
          for (let at = 0; at < data.length; at += 4) {
            const near = wanted.every((value, channel) => Math.abs(value - (data[at + channel] ?? 0)) < 24);
            if (near && (data[at + 3] ?? 0) > 200) return true;
          }
          return false;
        }).length;
      },
      { points, colour },
    );
  }

  /** The colours within a few pixels of a point: seams are drawn over what they are between. */
  async coloursNear(x: number, y: number): Promise<string[]> {
    const colours = new Set<string>();
    for (const dx of [-6, -3, 0, 3, 6]) {
      for (const dy of [-6, -3, 0, 3, 6]) colours.add(await this.colourAt(x + dx, y + dy));
    }
    return [...colours];
  }

  /** The middle of the window. */
  middle(): [number, number] {
    const size = this.page.viewportSize();
    if (size === null) throw new Error("the window has no size");
    return [size.width / 2, size.height / 2];
  }

  /** Finds a place and opens the first suggestion. */
  async find(text: string): Promise<void> {
    await this.search.fill(text);
    await expect(this.suggestions.first()).toBeVisible();
    await this.search.press("Enter");
    await expect(this.panel).toBeVisible();
  }

  async chooseMeasure(name: string): Promise<void> {
    await this.page.getByRole("radiogroup").getByRole("radio", { name, exact: true }).click();
  }

  /** Whose areas the zoom asks for, in the words of the legend's choice. */
  get levelByZoom(): Locator {
    return this.legend.locator("select option").first();
  }

  /** The name that the pointer's card shows at a point of the window. */
  async nameAt(x: number, y: number): Promise<string> {
    const card = this.page.locator(".tooltip");
    await this.page.mouse.move(x - 3, y - 3);
    await this.page.mouse.move(x, y);
    await expect(card).toHaveClass(/shown/);
    return (await card.locator("strong").textContent()) ?? "";
  }

  query(): URLSearchParams {
    return new URL(this.page.url()).searchParams;
  }
}
