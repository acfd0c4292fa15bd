import { test } from "@playwright/test";
import { execFile } from "node:child_process";
import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { figure } from "../support/bench.ts";
import { Wattmap } from "../support/wattmap.ts";

/** The page of a borough. */
const PATH = "/area/E09000007";

/** Requests a second for an area's page, how many in all, and how long 99 of 100 of them may take. */
const PER_S = 200;
const REQUESTS = 2_000;
const P99_MS = 50;

/** What Lighthouse looks at, as what, and what each of its scores is at least. */
const PAGES = { map: "/", area: PATH, estimate: "/estimate?area=E09000007", compare: "/compare?areas=E09000007,E09000012" };
const DEVICES = { desktop: ["--preset=desktop"], mobile: [] };
const SCORE_MIN = 95;

const LIGHTHOUSE = fileURLToPath(new URL("../lighthouse/node_modules/.bin/lighthouse", import.meta.url));
const CHROME_FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"];

interface Report {
  categories: Record<string, { id: string; score: number | null }>;
  audits: Record<string, { id: string; score: number | null; scoreDisplayMode: string }>;
}

async function lighthouse(url: string, device: string[]): Promise<Report> {
  const flags = ["--quiet", "--output=json", "--output-path=stdout", "--no-enable-error-reporting"];
  const categories = "--only-categories=performance,accessibility,best-practices,seo";
  const { stdout } = await promisify(execFile)(
    LIGHTHOUSE,
    [url, ...flags, categories, `--chrome-flags=${CHROME_FLAGS.join(" ")}`, ...device],
    { env: { ...process.env, CHROME_PATH: process.env.WATTMAP_CHROMIUM ?? "/usr/bin/chromium" }, maxBuffer: 64 << 20 },
  );
  return JSON.parse(stdout) as Report;
}

let wattmap: Wattmap;

test.beforeAll(async () => {
  wattmap = await Wattmap.start([]);
  // Figures come within seconds of the first readings.
  await sleep(20_000);
});

test.afterAll(async () => wattmap.remove());

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
        const request = get(`${wattmap.url}${PATH}`, { agent }, (answer) => {
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

for (const [name, path] of Object.entries(PAGES)) {
  for (const [device, options] of Object.entries(DEVICES)) {
    test(`what Lighthouse makes of the page ${name}, ${device}`, async () => {
      const { categories, audits } = await lighthouse(`${wattmap.url}${path}`, options);
      for (const { id, score } of Object.values(categories)) {
        await figure("web", `lighthouse ${name} ${device} ${id}`, Math.round((score ?? 0) * 100), "", SCORE_MIN);
      }
      // What costs points, for whoever mends it.
      const lacks = Object.values(audits).filter((audit) => audit.scoreDisplayMode !== "informative" && (audit.score ?? 1) < 0.9);
      console.log(`${name}, ${device}: ${lacks.map(({ id, score }) => `${id} ${score}`).join(", ")}`);
    });
  }
}
