/** Cleans the machines of a `--clean` run, one after the other. */

import { loadFileEngine } from "../../files/load_engine.ts";
import { StateDirectory } from "../../resume/state_directory.ts";
import { formatHost, type RemoteHost } from "../../ssh/operand.ts";
import { clean, type CleanOutcome, findDirectories } from "../../transfer/clean/clean.ts";
import { cleanHost } from "../../transfer/clean/host.ts";
import type { TransferEvent } from "../../transfer/events.ts";
import type { CleanReport } from "../../ui/clean_report.ts";
import type { CopyLog } from "../copy_log.ts";
import type { CleanOptions, CleanPlace } from "../options/clean_options.ts";
import type { Program } from "../program.ts";
import { withRemoteEscp } from "../remote_escp.ts";
import { headline, hintOf, isBug } from "../report_error.ts";
import { peerCommand, sessionOptions } from "./peer.ts";

/** Callbacks of a clean run, and the program that runs it. */
export interface CleanRunListeners {
  report: Pick<CleanReport, "removed" | "failed" | "note">;
  /** Receives failures and notes. */
  onEvent: (event: TransferEvent) => void;
  logging: CopyLog;
  signal: AbortSignal;
  program: Program;
}

/** Cleans all places. If a host cannot be reached, the others are still cleaned. @throws the error that ended the run. */
export async function cleanPlaces(options: CleanOptions, listeners: CleanRunListeners): Promise<CleanOutcome> {
  return await new CleanRun(options, listeners).run();
}

/** Cleans the machines of a run, and counts the removed files. */
class CleanRun {
  readonly #options: CleanOptions;
  readonly #listeners: CleanRunListeners;
  readonly #total: CleanOutcome = { files: 0, bytes: 0, failed: 0, kept: 0 };

  constructor(options: CleanOptions, listeners: CleanRunListeners) {
    this.#options = options;
    this.#listeners = listeners;
  }

  async run(): Promise<CleanOutcome> {
    const { places } = this.#options;
    let ended = 0;
    for (const place of places) {
      try {
        const outcome = await this.#clean(place);
        this.#total.kept += outcome.kept;
      } catch (error) {
        if (this.#listeners.signal.aborted || isBug(error) || ++ended === places.length) throw error;
        this.#fail(nameOf(place), { path: "", message: headline(error), hint: hintOf(error) });
      }
    }
    return this.#total;
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
    const { engine, note } = await loadFileEngine(place.options.engine);
    if (note) logging.log.info(note);
    const turn = () => signal.throwIfAborted();
    const find = { base: "", tilde: false, globs: false, byRecords: true };
    const found = await findDirectories(requestedOf(place), find, engine, listeners);
    const machine = { found, files: engine, state: new StateDirectory() };
    return await clean(this.#options, machine, { ...listeners, turn });
  }

  async #cleanHost(host: RemoteHost, place: CleanPlace, listeners: PlaceListeners): Promise<CleanOutcome> {
    const { report, onEvent, logging, signal, program } = this.#listeners;
    const { olderThanMs, dryRun } = this.#options;
    const note = (message: string) => {
      report.note(message);
      onEvent({ type: "note", message });
    };
    return await withRemoteEscp(
      { remote: host, direction: "push" },
      place.options,
      { emit: (event) => event.type === "note" && note(event.message), signal, program },
      (options) =>
        cleanHost({
          ...sessionOptions(host, options),
          olderThanMs,
          dryRun,
          directories: requestedOf(place),
          peer: peerCommand(host, options.access, options, program),
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
    this.#listeners.onEvent(event);
  }
}

type PlaceListeners = Parameters<typeof cleanHost>[1];

function requestedOf({ directories }: CleanPlace): { path: string; literal: boolean }[] {
  return directories.map((path) => ({ path, literal: false }));
}

/** Returns the name of the host of a place; undefined for this machine. */
export function nameOf({ host }: CleanPlace): string | undefined {
  return host && formatHost(host);
}

/** Returns a text with the host before it. */
export function shown(host: string | undefined, text: string, space = ""): string {
  return host === undefined ? text : `${host}:${space}${text}`;
}
