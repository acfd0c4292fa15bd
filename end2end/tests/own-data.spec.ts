import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { expect, test } from "../support/test.ts";

const HEADING = "Use your own meter data";

/** A year of half-hours as British suppliers give them: 200 Wh each, and a kilowatt-hour more at 18:00 and at 18:30. */
function readings(kwh = (halfHour: number): number => (halfHour === 36 || halfHour === 37 ? 1.2 : 0.2), days = 365): string {
  const lines = ["Start,kWh"];
  for (let number = 0; number < days * 48; number += 1) {
    const start = new Date(Date.UTC(2025, 0, 1) + number * 1_800_000).toISOString();
    lines.push(`${start},${kwh(number % 48)}`);
  }
  return lines.join("\n");
}

async function choose(page: Page, name: string, text: string): Promise<void> {
  await page.getByLabel("Choose a file").setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
}

async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await page.getByText(HEADING).click();
  await expect(page.getByLabel("Choose a file")).toBeEnabled();
}

test("a file becomes one's own use, and nothing of it is sent", async ({ page }) => {
  const asked: string[] = [];
  await page.goto("/estimate?area=E09000012&bedrooms=2");
  await page.waitForLoadState("networkidle");
  page.on("request", (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname} ${request.postData() ?? ""}`));
  page.on("websocket", (socket) => asked.push(`WS ${socket.url()}`));
  await page.getByText(HEADING).click();
  await expect(page.getByLabel("Choose a file")).toBeEnabled();
  await choose(page, "mine.csv", readings());
  await expect(page.getByRole("status").filter({ hasText: "mine.csv is read." })).toBeVisible();
  const own = page.locator(".own-use");
  await expect(own.locator(".answer strong")).toHaveText("4,237");
  await expect(own).toContainText("365 days of readings, 1 January to 31 December 2025.");
  await expect(own).toContainText(/Hackney: as much as is usual for such households there; four of five use [0-9,]+ to [0-9,]+ kWh/);
  await expect(own).toContainText(/Hackney: the mean home uses [0-9,]+ kWh, you use [0-9]+ % more\./);
  for (const tariff of ["Flat", "Economy 7", "Time of use"]) {
    await expect(own.getByRole("row", { name: new RegExp(`^${tariff} £[0-9,]+ £[0-9,]+ £[0-9,]+$`) })).toBeVisible();
  }
  await expect(own.getByText(/^At your hours .* is the cheapest: £[0-9,]+ a year less than /)).toBeVisible();
  await expect(own.getByRole("img", { name: "Your weekday, W" })).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).include(".later").analyze();
  expect(violations).toEqual([]);
  // All that was asked for is the program that reads the file.
  expect(asked.length).toBeGreaterThan(0);
  for (const request of asked) {
    expect(request).toMatch(/^GET \/pkg\/own-data(_bg)?\.[0-9a-f]{16}\.(js|wasm) $/);
  }
});

test("it is there on the next page of the tab until it is forgotten", async ({ page }) => {
  await open(page, "/estimate?area=E09000012");
  await choose(page, "mine.csv", readings());
  await expect(page.locator(".own-use .answer strong")).toHaveText("4,237");
  await page.goto("/compare?areas=E09000012,E09000007");
  const own = page.locator(".own-use");
  await expect(own).toContainText(/Hackney: the mean home uses [0-9,]+ kWh, you use [0-9]+ % (more|less)\./);
  await expect(own).toContainText(/Camden: the mean home uses/);
  await own.getByRole("button", { name: "Forget it" }).click();
  await expect(page.getByText("It is forgotten.")).toBeVisible();
  await page.reload();
  await expect(page.getByText(HEADING)).toBeVisible();
  await expect(page.locator(".own-use")).toHaveCount(0);
});

test("a move says what one's own use would be there", async ({ page }) => {
  await open(page, "/estimate?area=E09000012&now=E09000027");
  await choose(page, "mine.csv", readings());
  await expect(page.locator(".own-use")).toContainText(
    /In Hackney (about [0-9,]+ kWh, if you keep your habits: such households use [0-9]+ % (more|less) there than in Richmond|you would use as much)/,
  );
});

test("what can't be read is said, and the next file is read all the same", async ({ page }) => {
  await open(page, "/estimate?area=E09000012");
  const said = page.locator(".said");
  await choose(page, "letter.txt", "Dear customer,\nplease find attached");
  await expect(said).toContainText("This is not a kind of file that is read here: Green Button (XML)");
  await choose(page, "short.csv", readings(undefined, 3));
  await expect(said).toHaveText("The readings cover 3 days; a year can be told from 7 or more.");
  await choose(page, "wrong.csv", readings(() => -1, 10));
  await expect(said).toContainText("None of its 480 lines could be read. The first: line 2, column 2: kWh");
  await choose(page, "month.csv", readings(undefined, 31));
  await expect(page.locator(".own-use")).toContainText("Months without readings are filled in as usual homes have them.");
});

test("Green Button is read, and of several meters one can be chosen", async ({ page }) => {
  await open(page, "/estimate?area=E09000012");
  const half = readings().split("\n").slice(1).map((line) => line.split(","));
  const blocks = half.map(([start, kwh]) => {
    const second = Date.parse(start ?? "") / 1000;
    const wh = Math.round(Number(kwh) * 1000);
    return `<IntervalReading><timePeriod><duration>1800</duration><start>${second}</start></timePeriod><value>${wh}</value></IntervalReading>`;
  });
  const feed = `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:espi="http://naesb.org/espi">
    <entry><content><ReadingType xmlns="http://naesb.org/espi"><flowDirection>1</flowDirection><commodity>1</commodity>
    <intervalLength>1800</intervalLength><powerOfTenMultiplier>0</powerOfTenMultiplier><uom>72</uom></ReadingType></content></entry>
    <entry><content><IntervalBlock xmlns="http://naesb.org/espi">${blocks.join("")}</IntervalBlock></content></entry></feed>`;
  await choose(page, "green.xml", feed);
  await expect(page.locator(".own-use .answer strong")).toHaveText("4,237");

  const two = half.flatMap(([start, kwh]) => {
    const at = (start ?? "").replace("T", " ").replace(".000Z", ".0000000");
    return [`MAC000002,${at},${kwh}`, `MAC000003,${at},${Number(kwh) / 2}`];
  });
  await choose(page, "lcl.csv", ["LCLid,tstp,energy(kWh/hh)", ...two].join("\n"));
  await expect(page.locator(".said")).toHaveText("lcl.csv is read.");
  const which = page.getByLabel("The file has several meters. Shown is");
  await expect(which).toHaveValue("MAC000002");
  await which.selectOption("MAC000003");
  await expect(page.locator(".own-use .answer strong")).toHaveText("2,118");
});

test.describe("without its program", () => {
  test.use({ expectedProblem: /own-data|dynamically imported module|ERR_FAILED/ });

  test("the place says so", async ({ page }) => {
    await page.route("**/pkg/own-data*", (route) => route.abort());
    await page.goto("/estimate?area=E09000012");
    await page.getByText(HEADING).click();
    await expect(page.getByRole("alert")).toHaveText("What reads the file could not be loaded. Reload the page to try again.");
  });
});
