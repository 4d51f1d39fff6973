/**
 * Detects stalls of the machine: times in which a timer or a small write to the disk is late. Virtual machines are paused,
 * and disks that others share can take a minute for one write. A test that fails meanwhile has not shown a fault.
 */

import { delay } from "@std/async/delay";

/** Time between two probes, in milliseconds. */
const INTERVAL_MS = 200;
/** A shorter delay fails no test. In milliseconds. */
const STALL_MS = 2_000;

/** Runs a probe again and again, and records when it was late. */
export class StallWatch implements AsyncDisposable {
  readonly #probe: () => Promise<void>;
  readonly #now: () => number;
  readonly #stalls: { endedAt: number; ms: number }[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #begunAt: number;

  /**
   * @param probe takes a few milliseconds on a machine that does not stall.
   * @param now returns monotonic time, in milliseconds.
   */
  constructor(probe: () => Promise<void>, now: () => number = () => performance.now()) {
    this.#probe = probe;
    this.#now = now;
    this.#begunAt = now();
    this.#running = this.#run();
  }

  /** Current time, in milliseconds. */
  get time(): number {
    return this.#now();
  }

  /** Returns the duration of the longest stall since this time, in milliseconds; 0 without a stall. */
  longestSince(since: number): number {
    const stalls = [...this.#stalls, this.#current()];
    return Math.max(0, ...stalls.filter(({ endedAt, ms }) => endedAt >= since && ms >= STALL_MS).map(({ ms }) => ms));
  }

  /** Ends after the last probe. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#begunAt = this.#now();
      // A disk without space is not a stall.
      await this.#probe().catch(() => {});
      await delay(INTERVAL_MS, { signal }).catch(() => {});
      const probe = this.#current();
      if (probe.ms >= STALL_MS) this.#stalls.push(probe);
    }
  }

  /** Returns the delay of the last probe so far. */
  #current(): { endedAt: number; ms: number } {
    const endedAt = this.#now();
    return { endedAt, ms: endedAt - this.#begunAt - INTERVAL_MS };
  }
}

/** Returns a probe that writes a block of a new file in this directory to the disk. */
export async function diskProbe(directory: string): Promise<() => Promise<void>> {
  const path = `${directory}/probe`;
  const block = new Uint8Array(4096);
  await Deno.writeFile(path, block);
  return async () => {
    using file = await Deno.open(path, { write: true });
    await file.write(block);
    await file.syncData();
  };
}

/** Makes a second attempt if the first one fails and the machine stalled meanwhile. */
export async function rerunAfterStall<Result extends { code: number }>(
  watch: Pick<StallWatch, "time" | "longestSince">,
  attempt: () => Promise<Result>,
  note: (stalledMs: number) => void,
): Promise<Result> {
  const since = watch.time;
  const first = await attempt();
  const stalledMs = first.code === 0 ? 0 : watch.longestSince(since);
  if (stalledMs === 0) return first;
  note(stalledMs);
  return await attempt();
}
