/**
 * State directories in tests. Importing this module gives the test process one of its own, so that nothing that it runs
 * writes to that of the developer. Homes of other processes are made known with `knowHome`, so that a test finds records
 * whichever end wrote them.
 */

import { decodeJournal, type Journal } from "../../src/resume/partial/journal.ts";
import { decodeRunHeader } from "../../src/resume/run/record.ts";
import { type RecordKind, recordKind } from "../../src/resume/state_directory.ts";

/** A record of some state directory. */
export interface FoundRecord {
  path: string;
  kind: RecordKind;
  target: string;
  bytes: Uint8Array<ArrayBuffer>;
  /** Of a large file. */
  journal?: Journal;
}

const own = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "escp-state-" }));
Deno.env.set("XDG_STATE_HOME", own);
globalThis.addEventListener("unload", () => Deno.removeSync(own, { recursive: true }));

const stateHomes = new Set([own]);

/** The records of whoever has this home are found from now on. */
export function knowHome(home: string): void {
  stateHomes.add(`${home}/.local/state`);
}

/** All records whose target is this path or lies below it. */
export function recordsOf(target: string): FoundRecord[] {
  const found: FoundRecord[] = [];
  for (const path of recordPaths()) {
    const kind = recordKind(path.slice(path.lastIndexOf("/") + 1))!;
    const bytes = readIfThere(path);
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

/** A copy may remove it at any moment. */
function readIfThere(path: string): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Uint8Array();
    throw error;
  }
}
