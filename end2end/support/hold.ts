import type { Page } from "@playwright/test";

/** Holds answers back until it is told to let them through. */
export async function hold(page: Page, url: string): Promise<() => void> {
  let letThrough = () => {};
  const held = new Promise<void>((resolve) => (letThrough = resolve));
  await page.route(url, async (route) => {
    await held;
    await route.continue();
  });
  return letThrough;
}
