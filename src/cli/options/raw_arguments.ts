import { decodeName } from "../../protocol/names.ts";

/**
 * Returns the arguments of this process. Bytes that are not UTF-8 are kept as by `decodeName`. Deno replaces them with U+FFFD,
 * but Linux still has the original bytes. (An executable made with Deno 2.6 panics on such an argument before
 * this code runs.)
 *
 * @param args `Deno.args`.
 */
export function rawArguments(args: readonly string[]): string[] {
  if (Deno.build.os !== "linux" || !args.some((arg) => arg.includes("\ufffd"))) return [...args];
  try {
    return matchArguments(args, Deno.readFileSync("/proc/self/cmdline"));
  } catch {
    return [...args];
  }
}

/**
 * Returns the last `args.length` strings of a NUL-terminated list, decoded. If they are not the same arguments, because a process
 * can overwrite its list, returns `args`.
 */
export function matchArguments(args: readonly string[], cmdline: Uint8Array): string[] {
  const lossy = new TextDecoder("utf-8", { ignoreBOM: true });
  const words = splitAtNul(cmdline).slice(-args.length);
  const same = words.length === args.length && words.every((word, index) => lossy.decode(word) === args[index]);
  return same ? words.map(decodeName) : [...args];
}

function splitAtNul(bytes: Uint8Array): Uint8Array[] {
  const words: Uint8Array[] = [];
  for (let start = 0; start < bytes.length;) {
    const nul = bytes.indexOf(0, start);
    const end = nul < 0 ? bytes.length : nul;
    words.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return words;
}
