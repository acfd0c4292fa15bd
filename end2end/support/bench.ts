import { appendFile } from "node:fs/promises";

/** One line of a bench, where `cargo xtask bench` collects them. */
export async function figure(bench: string, figure: string, value: number, unit: string, against?: number): Promise<void> {
  const path = process.env.WATTMAP_BENCH_LINES;
  if (path === undefined) throw new Error("WATTMAP_BENCH_LINES does not say where to write; run `cargo xtask bench`");
  const line = { bench, figure, value, unit, against: against ?? null };
  await appendFile(path, `${JSON.stringify(line)}\n`);
}
