import { defineConfig } from "@playwright/test";
import tests from "./playwright.config.ts";

/** The same browser; what is measured must not be watched while it runs. */
export default defineConfig({
  ...tests,
  testDir: "benches",
  testMatch: "*.bench.ts",
  outputDir: "test-results/benches",
  timeout: 300_000,
  reporter: [["line"]],
  use: { ...tests.use, screenshot: "off", trace: "off" },
});
