import { test as base, expect } from "@playwright/test";
import { Wattmap } from "./wattmap.ts";

/** Homes of the shared server: enough for every borough's figures, few enough to be there within seconds. */
const HOMES = 6_000;
const HISTORY_DAYS = 2;

interface Options {
  /** What the browser says about trouble that a test makes on purpose. */
  expectedProblem: RegExp | undefined;
}

interface Fixtures extends Options {
  /** Whatever the browser complains about; the test fails if there is anything. */
  problems: string[];
}

/** Playwright's `test` with a running wattmap behind `baseURL`, and with no patience for errors in the console. */
export const test = base.extend<Fixtures, { london: Wattmap }>({
  london: [
    async ({}, use) => {
      const london = await Wattmap.start(["--simulate", `${HOMES}`, "--history-days", `${HISTORY_DAYS}`]);
      try {
        await use(london);
      } finally {
        await london.remove();
      }
    },
    { scope: "worker", timeout: 180_000 },
  ],
  baseURL: async ({ london }, use) => use(london.url),
  expectedProblem: [undefined, { option: true }],
  problems: [
    async ({ context, expectedProblem }, use) => {
      const problems: string[] = [];
      const note = (problem: string) => {
        if (expectedProblem?.test(problem) !== true) problems.push(problem);
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
