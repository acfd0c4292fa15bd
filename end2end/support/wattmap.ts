import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a start may take until /readyz says yes, the history of simulated homes included. */
const READY_WITHIN_MS = 120_000;
/** SIGTERM is documented to end the process within 10 s. */
const STOPPED_WITHIN_MS = 12_000;
/** How much of the process's output is kept for the message of a failing test. */
const KEPT_OUTPUT_CHARACTERS = 20_000;

/** A real `wattmap run`, on a port and in a data directory of its own. */
export class Wattmap {
  private child: ChildProcess | undefined;
  private output = "";

  private constructor(
    private readonly binary: string,
    private readonly directory: string,
    private readonly port: number,
    private readonly extra: readonly string[],
  ) {}

  /** Starts one and waits until it is ready. `extra` is passed on to `wattmap run`. */
  static async start(extra: readonly string[]): Promise<Wattmap> {
    const binary = process.env.WATTMAP_BINARY;
    if (binary === undefined) {
      throw new Error("WATTMAP_BINARY does not say which wattmap to test; run `cargo xtask test browser`");
    }
    const directory = await mkdtemp(path.join(tmpdir(), "wattmap-end2end-"));
    const wattmap = new Wattmap(binary, directory, await freePort(), extra);
    await wattmap.startAgain();
    return wattmap;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the process on the port and the data that it had before. */
  async startAgain(): Promise<void> {
    const args = ["run", "--listen", `127.0.0.1:${this.port}`, "--data", this.data, ...this.extra];
    const child = spawn(this.binary, args, { cwd: this.directory, env: plainEnvironment(), stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output = (this.output + text).slice(-KEPT_OUTPUT_CHARACTERS);
      });
    }
    await this.ready();
  }

  /** Asks it to stop and waits until it has. */
  async stop(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    const inTime = await Promise.race([exited.then(() => true), sleep(STOPPED_WITHIN_MS, false, { ref: false })]);
    if (!inTime) {
      child.kill("SIGKILL");
      await exited;
      throw new Error(`wattmap did not stop within ${STOPPED_WITHIN_MS} ms\n${this.output}`);
    }
  }

  /** Stops it and removes its data. */
  async remove(): Promise<void> {
    try {
      await this.stop();
    } finally {
      await rm(this.directory, { recursive: true, force: true });
    }
  }

  /** A new key, as `wattmap keys create` prints it. */
  async createKey(scope: "ingest" | "operator"): Promise<string> {
    const args = ["keys", "create", "--name", `end2end-${scope}`, "--scope", scope, "--data", this.data];
    const child = spawn(this.binary, args, { cwd: this.directory, env: plainEnvironment(), stdio: ["ignore", "pipe", "inherit"] });
    let key = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (key += text));
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0 || key.trim() === "") throw new Error(`wattmap keys create ended with ${code}`);
    return key.trim();
  }

  private get data(): string {
    return path.join(this.directory, "data");
  }

  private async ready(): Promise<void> {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (Date.now() < deadline) {
      if (this.child?.exitCode !== null) throw new Error(`wattmap ended before it was ready\n${this.output}`);
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (answer?.ok === true) return;
      await sleep(100);
    }
    throw new Error(`wattmap was not ready within ${READY_WITHIN_MS} ms\n${this.output}`);
  }
}

/** Ours without settings: what a developer has set for another wattmap is none of the tests' business. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("WATTMAP_")));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
