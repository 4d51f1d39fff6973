/**
 * State directories in tests. Importing this module gives the test process its own state directory, so that the developer's
 * stays untouched. `addStateHome` registers the home directories of other processes: `recordsOf` searches all of them.
 */

import { decodeJournal, type Journal } from "../../../src/resume/partial/journal.ts";
import { decodeRunHeader } from "../../../src/resume/run/record.ts";
import { type RecordKind, recordKind } from "../../../src/resume/state_directory.ts";

/** A record in one of the state directories. */
export interface FoundRecord {
  path: string;
  kind: RecordKind;
  target: string;
  bytes: Uint8Array<ArrayBuffer>;
  /** Only for a large file. */
  journal?: Journal;
}

const own = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "escp-state-" }));
Deno.env.set("XDG_STATE_HOME", own);
globalThis.addEventListener("unload", () => Deno.removeSync(own, { recursive: true }));

const stateHomes = new Set([own]);

/** Registers a home directory whose records `recordsOf` finds. */
export function addStateHome(home: string): void {
  stateHomes.add(`${home}/.local/state`);
}

/** Returns all records whose target is this path or below it. */
export function recordsOf(target: string): FoundRecord[] {
  const found: FoundRecord[] = [];
  for (const path of recordPaths()) {
    const kind = recordKind(path.slice(path.lastIndexOf("/") + 1))!;
    const bytes = readIfPresent(path);
    const journal = kind === "journal" ? decodeJournal(bytes) : undefined;
    const about = kind === "journal" ? journal?.header.target : decodeRunHeader(bytes)?.header.target;
    if (about === target || about?.startsWith(`${target}/`)) found.push({ path, kind, target: about, bytes, journal });
  }
  return found;
}

function recordPaths(): string[] {
  return [...stateHomes].flatMap((home) =>
    namesIn(`${home}/escp`).flatMap((machine) =>
      namesIn(`${home}/escp/${machine}`).filter(recordKind).map((name) => `${home}/escp/${machine}/${name}`)
    )
  );
}

function namesIn(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Returns the contents; empty if a copy has just removed the record. */
function readIfPresent(path: string): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Uint8Array();
    throw error;
  }
}
