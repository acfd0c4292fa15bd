import { expect, test } from "@playwright/test";
import { figure } from "../support/bench.ts";
import { MapPage } from "../support/map-page.ts";
import { Wattmap } from "../support/wattmap.ts";

const DRAGS = 12;
const WHEEL_TURNS = 24;

/** What the page notes while it is moved. */
interface Noted {
  longTasksMs: number[];
  framesMs: number[];
}

/** All 4,835 areas of the finest level, dragged about and zoomed in and out. */
test("pan and zoom", async ({ page }) => {
  // Few homes: the server shares the machine with the browser, and what is drawn does not depend on them.
  const wattmap = await Wattmap.start(["--simulate", "6000", "--history-days", "1"]);
  try {
    const map = new MapPage(page);
    await map.open(`${wattmap.url}/?level=lsoa`);
    // Street areas are named by a letter; once they are there, the page has loaded.
    await expect
      .poll(async () => (await map.nameAt(720, 450)) && page.locator(".tooltip span").textContent(), { timeout: 60_000 })
      .toMatch(/ \d{3}[A-Z]$/);
    await page.waitForTimeout(5_000);
    await page.evaluate(() => {
      const noted: Noted = { longTasksMs: [], framesMs: [] };
      Object.assign(window, { noted });
      new PerformanceObserver((list) => {
        noted.longTasksMs.push(...list.getEntries().map((entry) => entry.duration));
      }).observe({ type: "longtask" });
      let last = performance.now();
      const frame = (now: number) => {
        noted.framesMs.push(now - last);
        last = now;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    });
    for (let drag = 0; drag < DRAGS; drag += 1) {
      const direction = drag % 2 === 0 ? 1 : -1;
      await page.mouse.move(720, 450);
      await page.mouse.down();
      await page.mouse.move(720 + direction * 260, 450 + direction * 120, { steps: 20 });
      await page.mouse.up();
    }
    for (let turn = 0; turn < WHEEL_TURNS; turn += 1) {
      await page.mouse.wheel(0, turn % 12 < 6 ? -120 : 120);
      await page.waitForTimeout(120);
    }
    await page.waitForTimeout(1_000);
    const noted = await page.evaluate(() => (window as unknown as { noted: Noted }).noted);
    const frames = noted.framesMs.sort((one, other) => one - other);
    await figure("map", "tasks over 50 ms", noted.longTasksMs.length, "tasks", 0);
    await figure("map", "longest task, 0 if none is over 50 ms", Math.max(0, ...noted.longTasksMs), "ms", 50);
    await figure("map", "95th percentile of the time between frames", frames[Math.floor(frames.length * 0.95)] ?? 0, "ms");
  } finally {
    await wattmap.remove();
  }
});
