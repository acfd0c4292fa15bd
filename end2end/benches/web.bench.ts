import { test } from "@playwright/test";
import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { figure } from "../support/bench.ts";
import { Wattmap } from "../support/wattmap.ts";

/** The page of a borough. */
const PATH = "/area/E09000007";

/** Requests a second for an area's page, how many in all, and how long 99 of 100 of them may take. */
const PER_S = 200;
const REQUESTS = 2_000;
const P99_MS = 50;

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
