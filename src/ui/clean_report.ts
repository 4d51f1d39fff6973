/** Output of `--clean` on stdout: a line per file and a summary, or with `--json` one object per line. */

import { escapePath, jsonLine } from "../escape_text.ts";
import type { CleanOutcome } from "../transfer/clean/clean.ts";
import { formatBytes, formatCount } from "./format.ts";

/** Result of a run. */
export type CleanEnd =
  | { status: "ok" | "failed"; exitStatus: number; outcome: CleanOutcome }
  | { status: "error"; exitStatus: number; message: string };

/** Reports one run. `host` is undefined for this machine. `begin` is called first, `end` once, last. */
export interface CleanReport {
  begin(): void;
  removed(host: string | undefined, entry: { path: string; bytes: number }): void;
  failed(host: string | undefined, failure: { path: string; message: string; hint?: string }): void;
  note(message: string): void;
  end(end: CleanEnd): void;
}

/** Options of the run that appear in the output. */
export interface CleanAbout {
  version: string;
  /** Operands as typed. */
  directories: string[];
  /** Minimum age of removed files as the user writes it, such as `1d`. */
  age: string;
  dryRun: boolean;
}

/** Lines for users. Failures and notes go to stderr elsewhere. */
export class CleanListing implements CleanReport {
  readonly #about: Pick<CleanAbout, "age" | "dryRun">;
  readonly #write: (text: string) => void;

  /** @param write Receives whole lines. */
  constructor(about: Pick<CleanAbout, "age" | "dryRun">, write: (text: string) => void) {
    this.#about = about;
    this.#write = write;
  }

  begin(): void {}

  removed(host: string | undefined, { path, bytes }: { path: string; bytes: number }): void {
    const place = host === undefined ? "" : `${host}:`;
    this.#write(`${this.#about.dryRun ? "remove " : "removed"}  ${place}${escapePath(path)}  ${formatBytes(bytes)}\n`);
  }

  failed(): void {}

  note(): void {}

  end(end: CleanEnd): void {
    if (end.status !== "error") this.#write(cleanSummary(end.outcome, this.#about) + "\n");
  }
}

/** Returns the last line: `3 files removed, 12.0 MiB; 2 kept: in use, or changed less than 1d ago`. */
export function cleanSummary(
  { files, bytes, kept, failed }: CleanOutcome,
  { age, dryRun }: Pick<CleanAbout, "age" | "dryRun">,
): string {
  const parts = [
    `${formatCount(files, "file")} ${dryRun ? "to remove" : "removed"}, ${formatBytes(bytes)}`,
    kept > 0 ? `${kept} kept: in use, or changed less than ${age} ago` : "",
    failed > 0 ? `${failed} failed` : "",
  ];
  return parts.filter((part) => part !== "").join("; ");
}

/** Objects for programs. A new field also needs a row in src/ui/json/clean_events.ts. The field name `folders` is fixed. */
export class CleanJson implements CleanReport {
  readonly #about: CleanAbout;
  readonly #output: { write(line: string): void; now(): number };
  readonly #startedMs: number;

  /** @param output `now` returns milliseconds of a monotonic clock. */
  constructor(about: CleanAbout, output: { write(line: string): void; now(): number }) {
    this.#about = about;
    this.#output = output;
    this.#startedMs = output.now();
  }

  begin(): void {
    const { version, directories } = this.#about;
    this.#write({ event: "start", version, folders: directories });
  }

  removed(host: string | undefined, { path, bytes }: { path: string; bytes: number }): void {
    const event = this.#about.dryRun ? { event: "planned", action: "remove" } : { event: "removed" };
    this.#write({ ...event, host, path, bytes });
  }

  failed(host: string | undefined, { path, message, hint }: { path: string; message: string; hint?: string }): void {
    this.#write({ event: "failed", host, path, message, hint: hint || undefined });
  }

  note(message: string): void {
    this.#write({ event: "note", message });
  }

  end(end: CleanEnd): void {
    const seconds = Math.round(this.#output.now() - this.#startedMs) / 1000;
    const { status, exitStatus } = end;
    const dryRun = this.#about.dryRun || undefined;
    const rest = end.status === "error" ? { message: end.message } : { ...end.outcome, dryRun };
    this.#write({ event: "end", status, exitStatus, seconds, ...rest });
  }

  #write(line: Record<string, unknown>): void {
    this.#output.write(jsonLine(line) + "\n");
  }
}
