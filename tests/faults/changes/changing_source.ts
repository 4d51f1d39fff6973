/** Copies of a file that the disk changes while the file is read. */

import type { EscpResult } from "../../support/escp/escp_command.ts";
import { type DiskChange, mountFailingDisk } from "../../support/files/failing_disk.ts";
import { parseEvents } from "../../support/escp/json_events.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import type { Copy, Scene, Variant } from "../../support/scene.ts";

/** Sizes of a file in a pack and of a file in ranges. The kernel reads at most 128 KiB at a time from the disk. */
export const FILES = [["small", 700_001], ["large", (3 << 20) + 1]] as const;

/** A change, and the number of bytes read before it as a multiple of the file size. */
export type Change = readonly [kind: DiskChange["kind"], after: number];

/** Outcome of the copy of a file that changes. */
export interface ChangedCopy {
  result: EscpResult;
  /** Initial contents of the source. */
  before: Uint8Array;
  /** Final contents of the source and of the target, if the target exists. */
  source: Uint8Array;
  target: Uint8Array | undefined;
  /** Messages of notes. */
  notes: string[];
  manifest: string;
}

/** Copies the file "f". Adds the path to the flag `--manifest`. */
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

/** Returns whether the receiver copies the shared file itself, so that there is no CRC-32. */
export function isShared({ direction, engine }: Variant, kind: "small" | "large"): boolean {
  return direction === "local" && engine === "native" && kind === "large";
}

/** Returns the line of a manifest. */
export async function lineOf(contents: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", contents as Uint8Array<ArrayBuffer>);
  return `${new Uint8Array(digest).toHex()}  f\n`;
}
