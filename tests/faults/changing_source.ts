/** Copies of one file of a disk that changes it while it is read. */

import type { EscpResult } from "../support/escp_command.ts";
import { type DiskChange, mountFailingDisk } from "../support/failing_disk.ts";
import { parseEvents } from "../support/json_events.ts";
import { randomBytes } from "../support/random_bytes.ts";
import type { Copy, Scene, Variant } from "../support/scene.ts";

/** A small file travels in a pack, a large one in ranges. The disk is read in pieces of 128 KiB at most. */
export const FILES = [["small", 700_001], ["large", (3 << 20) + 1]] as const;

/** What changes, and after how many times as many bytes as the file has. */
export type Change = readonly [kind: DiskChange["kind"], after: number];

/** What came of it. */
export interface ChangedCopy {
  result: EscpResult;
  /** The file as it was at first. */
  before: Uint8Array;
  /** The source and the target as they are now; no target when there is none. */
  source: Uint8Array;
  target: Uint8Array | undefined;
  /** Messages of notes. */
  notes: string[];
  manifest: string;
}

/** Copies the file "f". The flag `--manifest` gets its file here. */
export async function copyChanging(
  scene: Scene,
  variant: Variant,
  { size, changes, flags = [] }: { size: number; changes: readonly Change[]; flags?: string[] },
): Promise<ChangedCopy> {
  await using disk = await mountFailingDisk({
    changes: changes.map(([kind, times]) => ({ name: "f", kind, after: Math.floor(times * size) + 1 })),
  });
  const before = randomBytes(size, 1);
  await Deno.writeFile(`${disk.path}/f`, before);
  const to = await scene.tree();
  const manifest = `${await scene.tree()}/sums`;
  const copy: Copy = {
    flags: ["--json", ...flags.flatMap((flag) => flag === "--manifest" ? [flag, manifest] : [flag])],
    sources: [`${disk.path}/f`],
    target: to,
  };
  const result = await scene.copy(variant, copy);
  await disk.repair();
  return {
    ...{ result, before, notes: notesOf(result) },
    source: await Deno.readFile(`${disk.path}/f`),
    target: await Deno.readFile(`${to}/f`).catch(() => undefined),
    manifest: await Deno.readTextFile(manifest).catch(() => ""),
  };
}

export function notesOf({ stdout }: EscpResult): string[] {
  const events = parseEvents(stdout);
  return events.filter(({ event }) => event === "note").map(({ message }) => message);
}

/** Whether the system copies the file by itself, so that nobody has its CRC-32. */
export function isLent({ direction, engine }: Variant, kind: "small" | "large"): boolean {
  return direction === "local" && engine === "native" && kind === "large";
}

/** Without the difference of megabytes in words. */
export function isSame(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one?.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** The line of a manifest. */
export async function lineOf(contents: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", contents as Uint8Array<ArrayBuffer>);
  return `${new Uint8Array(digest).toHex()}  f\n`;
}
