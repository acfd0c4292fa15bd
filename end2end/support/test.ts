import { test as base, expect } from "@playwright/test";
import { Wattmap } from "./wattmap.ts";

/** Homes of the shared server: enough for Hackney's figures, few enough to be there within seconds. */
const HOMES = 6_000;
const HISTORY_DAYS = 3;
const DAY_MS = 86_400_000;

/** The tests look at the canvas's pixels, again and again; the page itself never does. */
const OF_THE_TESTS = /willReadFrequently/;

interface Options {
  /** What the browser says about trouble that a test makes on purpose. */
  expectedProblem: RegExp | undefined;
}

interface Fixtures extends Options {
  /** Whatever the browser complains about; the test fails if there is anything. */
  problems: string[];
}

/** The homes' past is sent as any other readings are, after the start: waits until a borough's day can be told. */
async function pastHasArrived(url: string): Promise<void> {
  const ask = async <T>(path: string) => (await (await fetch(`${url}/api/v1/areas/E09000012/${path}`)).json()) as T;
  const told = async () => {
    const { half_hours } = await ask<{ half_hours: { mean_w?: number }[] }>("profile?day=weekday");
    const { series } = await ask<{ series: { start: string; kwh_per_home?: number }[] }>("consumption?by=day");
    // Of the day that has just begun nothing may be known yet.
    const over = series.filter((point) => Date.parse(point.start) + DAY_MS <= Date.now());
    const days = over.filter((point) => point.kwh_per_home !== undefined).length;
    return half_hours.some((point) => point.mean_w !== undefined) && days >= HISTORY_DAYS;
  };
  await expect.poll(told, { message: "Hackney's past has not arrived", timeout: 150_000 }).toBe(true);
}

/** Playwright's `test` with a running wattmap behind `baseURL`, and with no patience for errors in the console. */
export const test = base.extend<Fixtures, { london: Wattmap }>({
  london: [
    async ({}, use) => {
      const london = await Wattmap.start(["--simulate", `${HOMES}`, "--history-days", `${HISTORY_DAYS}`]);
      try {
        await pastHasArrived(london.url);
        await use(london);
      } finally {
        await london.remove();
      }
    },
    { scope: "worker", timeout: 300_000 },
  ],
  baseURL: async ({ london }, use) => use(london.url),
  expectedProblem: [undefined, { option: true }],
  problems: [
    async ({ context, expectedProblem }, use) => {
      const problems: string[] = [];
      const note = (problem: string) => {
        if (expectedProblem?.test(problem) !== true && !OF_THE_TESTS.test(problem)) problems.push(problem);
      };
      // Of every page that the test opens. What the content security policy refuses is told here, too.
      context.on("weberror", (error) => note(`error: ${error.error().message}`));
      context.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") note(`${message.type()}: ${message.text()}`);
      });
      await use(problems);
      expect(problems, "the browser complained").toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
