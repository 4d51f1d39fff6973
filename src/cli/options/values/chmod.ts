/** `--chmod`: changes of permissions, as rsync takes them. */

import { quotePath, UsageError } from "../../../errors.ts";
import { MAX_MODE_CHANGES, type ModeChange } from "../../../protocol/control/mode_changes.ts";

const ALL = 0o7777;
const WHO: Record<string, number> = { u: 0o100, g: 0o010, o: 0o001, a: 0o111 };
const BITS: Record<string, number> = { r: 4, w: 2, x: 1 };
const ITEM = /^([DF]?)(?:([0-7]{1,4})|([ugoa]*)([-+=])([rwxXst]*))$/;

/**
 * Parses lists such as `D755,F644`, `u+rwX` or `go-w`. As with chmod, the umask limits what an item without u, g, o or a
 * sets or clears.
 *
 * @throws {UsageError} for an invalid item.
 */
export function parseModeChanges(texts: readonly string[], umask: number): ModeChange[] {
  const items = texts.flatMap((text) => text.split(","));
  if (items.length > MAX_MODE_CHANGES) {
    throw new UsageError(`Option "--chmod" takes at most ${MAX_MODE_CHANGES} items`);
  }
  return items.map((item) => parseItem(item, umask));
}

function parseItem(item: string, umask: number): ModeChange {
  const [match, kind, octal, who, operator, what] = ITEM.exec(item) ?? [];
  if (match === undefined) {
    throw new UsageError(`Option "--chmod" cannot use ${quotePath(item)}`, {
      hint: "Write a list such as D755,F644 or u+rwX,go-w: D for directories, F for files",
    });
  }
  const of = kind === "D" ? "directories" : kind === "F" ? "files" : "all";
  if (octal !== undefined) return { of, keep: 0, set: parseInt(octal, 8), setIfExecutable: 0 };
  const where = who === "" ? WHO.a : [...who].reduce((sum, letter) => sum | WHO[letter], 0);
  const allowed = who === "" ? ALL & ~umask : ALL;
  const bitsOf = (letter: string) => (where * BITS[letter]) & allowed;
  const isAll = who === "" || who.includes("a");
  let set = 0;
  for (const letter of what) {
    if (letter in BITS) set |= bitsOf(letter);
    else if (letter === "t") set |= 0o1000;
    else if (letter === "s") {
      set |= (isAll || who.includes("u") ? 0o4000 : 0) | (isAll || who.includes("g") ? 0o2000 : 0);
    }
  }
  const conditional = what.includes("X") ? bitsOf("x") : 0;
  if (operator === "-") return { of, keep: ALL & ~(set | conditional), set: 0, setIfExecutable: 0 };
  return { of, keep: operator === "+" ? ALL : ALL & ~(where * 7), set, setIfExecutable: conditional };
}
