import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { cdcToSegment, type Ended, start } from "./command-line.ts";
import { Scraped } from "./scraped.ts";

const TIMEOUT_MS = 60_000;

/** A `run` process and its status port, whose URL is in its log. */
export class StatusPort {
  readonly url: string;
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;

  private constructor(url: string, { child, ended }: ReturnType<typeof start>) {
    this.url = url;
    this.child = child;
    this.ended = ended;
  }

  static async of(config: string, env: NodeJS.ProcessEnv = {}): Promise<StatusPort> {
    const service = start(["run", "--config", config], env);
    const url = new Promise<string>((resolve) => {
      let log = "";
      service.child.stderr?.on("data", (text: string) => {
        log += text;
        const [, found] = /"url":"(http:[^"]+)"[^\n]*status port open/.exec(log) ?? [];
        if (found) resolve(found);
      });
    });
    const failed = service.ended.then(({ code, stderr }) => {
      throw new Error(`run ended with ${code}: ${stderr}`);
    });
    failed.catch(() => {});
    return new StatusPort(await Promise.race([url, failed]), service);
  }

  /** Runs until it ends by itself. */
  static rejected(config: string): Promise<Ended> {
    return cdcToSegment(["run", "--config", config]);
  }

  get(path: string): Promise<Response> {
    return fetch(this.url + path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  }

  async text(path: string): Promise<string> {
    return (await this.get(path)).text();
  }

  async json<T>(path: string): Promise<T> {
    return (await this.get(path)).json() as Promise<T>;
  }

  async metrics(): Promise<Scraped> {
    return new Scraped(await this.text("/metrics"));
  }

  async ready(): Promise<void> {
    for (const deadline = Date.now() + TIMEOUT_MS; ; await sleep(50)) {
      const response = await this.get("/ready");
      const text = await response.text();
      if (response.status === 200) return;
      if (Date.now() > deadline) throw new Error(`not ready: ${text}`);
    }
  }

  /** Stops it in order. */
  stop(): Promise<Ended> {
    this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), TIMEOUT_MS);
    return this.ended.finally(() => clearTimeout(late));
  }
}
