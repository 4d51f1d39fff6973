/** Times of the phases of each transfer, for `--stats`. */

import type { TransferEvent } from "../transfer/events.ts";
import { formatDuration } from "./format.ts";

/** A phase of a transfer, in milliseconds of the clock. Phases may overlap. */
export interface Phase {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Times of one transfer, in milliseconds of the clock. */
interface Times {
  name: string;
  /** First phase: a copy on one machine has no login. */
  first: "login" | "start";
  startedMs: number;
  /** The login is done. */
  openMs?: number;
  connectedMs?: number;
  /** All files are found. */
  foundMs?: number;
  /** The last change of the number of written files or bytes. */
  movedMs?: number;
  written: number;
  endedMs?: number;
}

/** Measures transfers. A transfer that is retried counts from the start of its last session on. */
export class PhaseTimes {
  readonly #now: () => number;
  readonly #options: { verify: boolean };
  readonly #times: Times[] = [];

  /** @param now returns milliseconds of a monotonic clock. @param options.verify whether files are verified. */
  constructor(now: () => number, options: { verify: boolean }) {
    this.#now = now;
    this.#options = options;
  }

  /** Starts a transfer. @param hosts undefined for a copy on this machine. @returns a listener for its events. */
  begin(hosts: string | undefined): (event: TransferEvent) => void {
    const first = hosts === undefined ? "start" : "login";
    const times: Times = { name: hosts ?? "this machine", first, startedMs: this.#now(), written: 0 };
    this.#times.push(times);
    return (event) => this.#add(times, event);
  }

  /** Returns one line per transfer: `web1: login 0.4 s, scan 1.2 s, transfer 3.4 s, verification 2.0 s`. */
  lines(): string[] {
    return this.phases().map(({ name, phases }) =>
      `${name}: ${phases.map(({ name, fromMs, toMs }) => `${name} ${formatDuration(toMs - fromMs)}`).join(", ")}`
    );
  }

  /** Returns the phases of each transfer. A transfer that has not ended ends now. */
  phases(): { name: string; phases: Phase[] }[] {
    return this.#times.map((times) => {
      const { name, startedMs, connectedMs, foundMs, movedMs, endedMs = this.#now() } = times;
      const openMs = times.openMs ?? connectedMs;
      const lastMs = this.#options.verify ? movedMs ?? connectedMs : endedMs;
      const phases = [
        phase(times.first, startedMs, openMs ?? endedMs),
        phase("scan", openMs, foundMs),
        phase("transfer", connectedMs, lastMs),
        this.#options.verify ? phase("verification", lastMs, endedMs) : undefined,
      ];
      return { name, phases: phases.filter((each) => each !== undefined) };
    });
  }

  #add(times: Times, event: TransferEvent): void {
    const now = this.#now();
    switch (event.type) {
      case "retry": {
        const { name, first } = times;
        for (const key of Object.keys(times)) delete (times as Partial<Times>)[key as keyof Times];
        Object.assign(times, { name, first, startedMs: now, written: 0 });
        break;
      }
      case "opening":
        // Emitted before the login too, if ssh cannot ask for a password.
        times.openMs = now;
        break;
      case "connected":
        times.connectedMs = now;
        break;
      case "totals":
        if (event.complete) times.foundMs ??= now;
        break;
      case "progress": {
        const written = event.files + event.bytes;
        if (written !== times.written) times.movedMs = now;
        times.written = written;
        break;
      }
      case "finished":
        times.endedMs = now;
        break;
    }
  }
}

function phase(name: string, fromMs: number | undefined, toMs: number | undefined): Phase | undefined {
  return fromMs === undefined || toMs === undefined ? undefined : { name, fromMs, toMs };
}
