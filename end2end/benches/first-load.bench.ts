import { test } from "@playwright/test";
import { figure } from "../support/bench.ts";
import { MapPage } from "../support/map-page.ts";
import { Wattmap } from "../support/wattmap.ts";

/** Everything that a browser with an empty cache fetches until the map is taken over, as it crossed the wire. */
test("first load", async ({ page }) => {
  const wattmap = await Wattmap.start([]);
  try {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Network.enable");
    const urls = new Map<string, string>();
    const bytes = new Map<string, number>();
    devtools.on("Network.requestWillBeSent", ({ requestId, request }) => urls.set(requestId, request.url));
    devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      const { pathname } = new URL(urls.get(requestId) ?? "about:blank");
      bytes.set(pathname, (bytes.get(pathname) ?? 0) + encodedDataLength);
    });
    await new MapPage(page).open(wattmap.url);
    await page.waitForTimeout(3_000);
    let total = 0;
    for (const [path, size] of [...bytes].sort(([, one], [, other]) => other - one)) {
      await figure("first-load", path, size, "B");
      total += size;
    }
    await figure("first-load", "everything, headers included", total, "B", 300_000);
  } finally {
    await wattmap.remove();
  }
});
