/** `--clean`: removes leftovers of abandoned copies on this machine and on remote hosts, one after the other. */

import { messageOf } from "../../errors.ts";
import { loadFileEngine } from "../../files/load_engine.ts";
import { StateDirectory } from "../../resume/state_directory.ts";
import { formatHost, type RemoteHost } from "../../ssh/operand.ts";
import { clean, type CleanOutcome, findDirectories, UNLOCKED_MS } from "../../transfer/clean/clean.ts";
import { cleanHost } from "../../transfer/clean/host.ts";
import { CleanJson, CleanListing, type CleanReport } from "../../ui/clean_report.ts";
import { Terminal } from "../../ui/terminal.ts";
import { type CopyLog, openCopyLog } from "../copy_log.ts";
import { EXIT_STATUS, exitStatusOf } from "../exit_status.ts";
import type { CleanOptions, CleanPlace } from "../options/clean_options.ts";
import { formatAge } from "../options/time_value.ts";
import { withRemoteEscp } from "../remote_escp.ts";
import { headline, hintOf, isBug } from "../report_error.ts";
import { Output } from "../stdout.ts";
import { stopSignals } from "../stop_signals.ts";
import { VERSION } from "../version.ts";
import { peerCommand, sessionOptions } from "./peer.ts";

/** Runs `--clean`. @returns 0 if nothing failed, else 1. @throws the error that ended the run. */
export async function runClean(options: CleanOptions): Promise<number> {
  const { places, output: { quiet, json, verbose } } = options;
  const terminal = new Terminal({ quiet: quiet || json, verbose });
  using logging = openCopyLog(options.output, (line) => terminal.printLine(line));
  using stop = stopSignals();
  const output = new Output();
  const report = reportFor(options, output.write);
  const signal = AbortSignal.any([stop.signal, output.lost]);
  const status = await new CleanRun(options, { report, terminal, logging, signal }).run(places);
  output.lost.throwIfAborted();
  return status;
}

interface Listeners {
  report: CleanReport;
  terminal: Terminal;
  logging: CopyLog;
  signal: AbortSignal;
}

/** Cleans the machines of a run, and counts the removed files. */
class CleanRun {
  readonly #options: CleanOptions;
  readonly #listeners: Listeners;
  readonly #total: CleanOutcome = { files: 0, bytes: 0, failed: 0, kept: 0 };

  constructor(options: CleanOptions, listeners: Listeners) {
    this.#options = options;
    this.#listeners = listeners;
  }

  async run(places: readonly CleanPlace[]): Promise<number> {
    const { report, terminal, logging, signal } = this.#listeners;
    report.begin();
    let ended = 0;
    try {
      for (const place of places) {
        try {
          const outcome = await this.#clean(place);
          this.#total.kept += outcome.kept;
        } catch (error) {
          // If a host cannot be reached, the others are still cleaned.
          if (signal.aborted || isBug(error) || ++ended === places.length) throw error;
          this.#fail(nameOf(place), { path: "", message: headline(error), hint: hintOf(error) });
        }
      }
    } catch (error) {
      const message = messageOf(error);
      logging.onEvent({ type: "failed", path: "", message });
      report.end({ status: "error", exitStatus: exitStatusOf(error), message });
      throw error;
    } finally {
      terminal.close();
    }
    const exitStatus = this.#total.failed > 0 ? EXIT_STATUS.failed : EXIT_STATUS.ok;
    report.end({ status: exitStatus === EXIT_STATUS.ok ? "ok" : "failed", exitStatus, outcome: this.#total });
    return exitStatus;
  }

  async #clean(place: CleanPlace): Promise<CleanOutcome> {
    const { host } = place;
    const name = nameOf(place);
    const listeners = {
      removed: (entry: { path: string; bytes: number }) => this.#removed(name, entry),
      failed: (failure: { path: string; message: string; hint: string }) => this.#fail(name, failure),
    };
    return await (host ? this.#cleanHost(host, place, listeners) : this.#cleanThisMachine(place, listeners));
  }

  async #cleanThisMachine(place: CleanPlace, listeners: PlaceListeners): Promise<CleanOutcome> {
    const { logging, signal } = this.#listeners;
    const { engine, note } = loadFileEngine(place.options.engine);
    if (note) logging.log.info(note);
    const turn = () => signal.throwIfAborted();
    const find = { base: "", tilde: false, globs: false, byRecords: true };
    const found = await findDirectories(requestedOf(place), find, engine, listeners);
    const machine = { found, files: engine, state: new StateDirectory() };
    return await clean(this.#options, machine, { ...listeners, turn });
  }

  async #cleanHost(host: RemoteHost, place: CleanPlace, listeners: PlaceListeners): Promise<CleanOutcome> {
    const { report, terminal, logging, signal } = this.#listeners;
    const { olderThanMs, dryRun } = this.#options;
    const note = (message: string) => {
      report.note(message);
      terminal.onEvent({ type: "note", message });
    };
    return await withRemoteEscp(
      { remote: host, direction: "push" },
      place.options,
      { emit: (event) => event.type === "note" && note(event.message), signal },
      (options) =>
        cleanHost({
          ...sessionOptions(host, options),
          olderThanMs,
          dryRun,
          directories: requestedOf(place),
          peer: peerCommand(host, options.access, options),
          log: options.request.log,
          begun: (session) => logging.log.session = session,
          signal,
        }, listeners),
    );
  }

  #removed(host: string | undefined, entry: { path: string; bytes: number }): void {
    this.#total.files++;
    this.#total.bytes += entry.bytes;
    this.#listeners.logging.log.info(`${this.#options.dryRun ? "would remove" : "removed"} ${shown(host, entry.path)}`);
    this.#listeners.report.removed(host, entry);
  }

  #fail(host: string | undefined, { path, message, hint }: { path: string; message: string; hint?: string }): void {
    this.#total.failed++;
    const event = { type: "failed" as const, path, message: shown(host, message, " "), hint: hint || undefined };
    this.#listeners.report.failed(host, { path, message, hint });
    this.#listeners.logging.onEvent(event);
    this.#listeners.terminal.onEvent(event);
  }
}

type PlaceListeners = Parameters<typeof cleanHost>[1];

function requestedOf({ directories }: CleanPlace): { path: string; literal: boolean }[] {
  return directories.map((path) => ({ path, literal: false }));
}

function nameOf({ host }: CleanPlace): string | undefined {
  return host && formatHost(host);
}

function shown(host: string | undefined, text: string, space = ""): string {
  return host === undefined ? text : `${host}:${space}${text}`;
}

function reportFor(
  { output: { quiet, json }, places, olderThanMs, dryRun }: CleanOptions,
  write: (text: string) => void,
): CleanReport {
  const directories = places.flatMap((place) => place.directories.map((path) => shown(nameOf(place), path)))
    .filter((text) => text !== "");
  const age = formatAge(Math.max(olderThanMs, UNLOCKED_MS) / 1000);
  const about = { version: VERSION, directories, age, dryRun };
  if (json) return new CleanJson(about, { write, now: () => performance.now() });
  return new CleanListing(about, quiet ? () => {} : write);
}
