/** Compares two trees by reading both. */

import { join } from "@std/path";

/** Attributes to compare besides names, kinds, link targets and contents. */
export interface CompareOptions {
  /** Permission bits of files and directories. */
  modes?: boolean;
  /** Modification times except those of links, truncated to this unit. "ns" requires GNU find. */
  mtimes?: "s" | "ms" | "ns";
  owners?: boolean;
}

const BLOCK_BYTES = 1 << 20;

/**
 * Compares two files, links or directories recursively and byte by byte. Uses at most 2 MiB of memory for contents. Throws for
 * names that are not UTF-8, because Deno cannot open them.
 *
 * @returns One line "path: difference" for each difference. The path of the roots is ".".
 */
export async function compareTrees(expected: string, actual: string, options: CompareOptions = {}): Promise<string[]> {
  const differences: string[] = [];
  const [leftNs, rightNs] = options.mtimes === "ns"
    ? await Promise.all([readNanoseconds(expected), readNanoseconds(actual)])
    : [];
  // Synchronous calls, because asynchronous ones would take most of the time in a tree of many small files.
  compareEntry(".");
  return differences;

  function compareEntry(path: string): void {
    const left = describeEntry(join(expected, path));
    const right = describeEntry(join(actual, path));
    const report = (what: string) => differences.push(`${path}: ${what}`);
    if (!left || !right) {
      if (left) report(`missing, expected a ${left.kind}`);
      else report(right ? `not expected, is a ${right.kind}` : "missing on both sides");
      return;
    }
    if (left.kind !== right.kind) {
      report(`is a ${right.kind}, expected a ${left.kind}`);
      return;
    }
    if (left.target !== right.target) report(`links to "${right.target}", expected "${left.target}"`);
    if (left.kind !== "link") compareAttributes(path, left, right, report);
    if (left.kind === "file") {
      const difference = compareFiles(join(expected, path), join(actual, path));
      if (difference) report(difference);
    }
    if (left.kind === "directory") {
      const names = new Set([...readNames(join(expected, path)), ...readNames(join(actual, path))]);
      for (const name of [...names].sort()) compareEntry(join(path, name));
    }
  }

  function compareAttributes(path: string, left: Entry, right: Entry, report: (what: string) => void): void {
    if (options.modes && left.mode !== right.mode) {
      report(`mode is ${right.mode.toString(8)}, expected ${left.mode.toString(8)}`);
    }
    if (options.owners && left.owner !== right.owner) report(`owner is ${right.owner}, expected ${left.owner}`);
    const leftTime = leftNs?.get(path) ?? timeText(left.mtime, options.mtimes);
    const rightTime = rightNs?.get(path) ?? timeText(right.mtime, options.mtimes);
    if (leftTime !== rightTime) report(`mtime is ${rightTime}, expected ${leftTime}`);
  }
}

/**
 * Compares the bytes of two files.
 *
 * @returns `undefined` if they are equal, else the sizes or the position of the first difference.
 */
export function compareFiles(expected: string, actual: string): string | undefined {
  using left = Deno.openSync(expected);
  using right = Deno.openSync(actual);
  const [leftSize, rightSize] = [left.statSync().size, right.statSync().size];
  if (leftSize !== rightSize) return `has ${rightSize} bytes, expected ${leftSize}`;
  // One byte more than the file, so that a short read shows its end and small files need little memory.
  const a = new Uint8Array(Math.min(BLOCK_BYTES, leftSize + 1));
  const b = new Uint8Array(a.length);
  for (let offset = 0;;) {
    const leftRead = readFull(left, a);
    const rightRead = readFull(right, b);
    const at = firstDifference(a.subarray(0, leftRead), b.subarray(0, rightRead));
    if (at >= 0) return `differs at byte ${offset + at}`;
    if (leftRead !== rightRead) return `ends at byte ${offset + Math.min(leftRead, rightRead)} while being read`;
    if (leftRead < a.length) return undefined;
    offset += leftRead;
  }
}

/** Returns the index of the first different byte in the common length; -1 if there is none. */
function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  // Compares words first, which is several times as fast as bytes.
  const left = new Uint32Array(a.buffer, a.byteOffset, length >>> 2);
  const right = new Uint32Array(b.buffer, b.byteOffset, length >>> 2);
  let word = 0;
  while (word < left.length && left[word] === right[word]) word++;
  for (let at = word * 4; at < length; at++) if (a[at] !== b[at]) return at;
  return -1;
}

function readFull(file: Deno.FsFile, into: Uint8Array): number {
  let filled = 0;
  while (filled < into.length) {
    const read = file.readSync(into.subarray(filled));
    if (read === null) break;
    filled += read;
  }
  return filled;
}

interface Entry {
  kind: string;
  /** Target of a link; undefined for other kinds. */
  target?: string;
  mode: number;
  /** "uid:gid" */
  owner: string;
  mtime: Date;
}

function describeEntry(path: string): Entry | undefined {
  try {
    const stat = Deno.lstatSync(path);
    return {
      kind: kindOf(stat),
      target: stat.isSymlink ? Deno.readLinkSync(path) : undefined,
      mode: (stat.mode ?? 0) & 0o7777,
      owner: `${stat.uid}:${stat.gid}`,
      mtime: stat.mtime ?? new Date(0),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function kindOf(stat: Deno.FileInfo): string {
  if (stat.isFile) return "file";
  if (stat.isDirectory) return "directory";
  if (stat.isSymlink) return "link";
  if (stat.isFifo) return "fifo";
  return stat.isSocket ? "socket" : "device";
}

function timeText(time: Date, unit: CompareOptions["mtimes"]): string {
  if (unit === undefined) return "";
  return unit === "s" ? `${Math.floor(time.getTime() / 1000)} s` : `${time.getTime()} ms`;
}

/** Returns modification times by path. Deno reports milliseconds only. */
async function readNanoseconds(root: string): Promise<Map<string, string>> {
  const { code, stdout, stderr } = await new Deno.Command("find", { args: [root, "-printf", "%P\\0%T@\\0"] }).output();
  if (code !== 0) throw new Error(`Cannot read the times of "${root}": ${new TextDecoder().decode(stderr)}`);
  const fields = new TextDecoder().decode(stdout).split("\0");
  const times = new Map<string, string>();
  for (let at = 0; at + 1 < fields.length; at += 2) times.set(fields[at] || ".", `${fields[at + 1]} s`);
  return times;
}

function readNames(directory: string): string[] {
  return Array.from(Deno.readDirSync(directory), (entry) => entry.name);
}
