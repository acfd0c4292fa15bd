import { chromium, test } from "@playwright/test";
import lighthouse, { desktopConfig, type Flags } from "lighthouse";
import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { figure } from "../support/bench.ts";
import { Wattmap } from "../support/wattmap.ts";

/** What is public, each as somebody would open it. */
const PAGES = {
  map: "/",
  area: "/area/E09000007",
  estimate: "/estimate?area=E09000007&now=E09000030",
  compare: "/compare?areas=E09000007,E09000030",
};

const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"] as const;
const SCORE_MIN = 95;

/** Requests a second for an area's page, how many in all, and how long 99 of 100 of them may take. */
const PER_S = 200;
const REQUESTS = 2_000;
const P99_MS = 50;

/** The port of the browser that Lighthouse looks through. */
const DEVTOOLS = 9_333;

let wattmap: Wattmap;

test.beforeAll(async () => {
  wattmap = await Wattmap.start([]);
  // Figures come within seconds of the first readings.
  await sleep(20_000);
});

test.afterAll(async () => wattmap.remove());

for (const [name, path] of Object.entries(PAGES)) {
  test(`Lighthouse of ${name}`, async ({}, { project }) => {
    const { executablePath, args } = project.use.launchOptions ?? {};
    const browser = await chromium.launch({ executablePath, args: [...(args ?? []), `--remote-debugging-port=${DEVTOOLS}`] });
    try {
      for (const [form, config] of [["mobile", undefined], ["desktop", desktopConfig]] as const) {
        const flags: Flags = { port: DEVTOOLS, onlyCategories: [...CATEGORIES], logLevel: "error" };
        const result = await lighthouse(wattmap.url + path, flags, config);
        if (result === undefined) throw new Error("Lighthouse says nothing");
        for (const category of CATEGORIES) {
          const { score, auditRefs } = result.lhr.categories[category]!;
          await figure("web", `${name} ${form} ${category}`, Math.round((score ?? 0) * 100), "", SCORE_MIN);
          if ((score ?? 0) * 100 < SCORE_MIN) {
            const audits = auditRefs.map(({ id, weight }) => ({ ...result.lhr.audits[id]!, weight }));
            const failed = audits.filter(({ score, weight }) => weight > 0 && score !== null && score < 0.9);
            for (const { id, score, displayValue } of failed) console.log(`${name} ${form}: ${id} ${score} ${displayValue ?? ""}`);
          }
        }
      }
    } finally {
      await browser.close();
    }
  });
}

/** In the pace of those who ask, and not of the answers. */
test("an area's page", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const took_ms: number[] = [];
  const asked: Promise<void>[] = [];
  const began = performance.now();
  for (let number = 0; number < REQUESTS; number++) {
    await sleep(Math.max(0, began + (number * 1000) / PER_S - performance.now()));
    asked.push(
      new Promise((resolve, reject) => {
        const from = performance.now();
        const request = get(`${wattmap.url}${PAGES.area}`, { agent }, (answer) => {
          answer.resume().on("end", () => {
            if (answer.statusCode !== 200) return reject(new Error(`answered ${answer.statusCode}`));
            took_ms.push(performance.now() - from);
            resolve();
          });
        });
        request.on("error", reject);
      }),
    );
  }
  await Promise.all(asked);
  agent.destroy();
  took_ms.sort((one, other) => one - other);
  await figure("web", "area page asked for", REQUESTS / ((performance.now() - began) / 1000), "1/s", PER_S);
  await figure("web", "area page p50", took_ms[Math.floor(REQUESTS / 2)]!, "ms");
  await figure("web", "area page p99", took_ms[Math.floor(REQUESTS * 0.99)]!, "ms", P99_MS);
});
