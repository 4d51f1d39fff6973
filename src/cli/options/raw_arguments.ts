import { decodeName } from "../../protocol/names.ts";

/**
 * The arguments of this process, with names that are not UTF-8 kept as `decodeName` keeps them. Deno puts U+FFFD in the
 * place of such bytes, which names no file; Linux still has the bytes. (Deno 2.5 does not come this far: it ends with a
 * panic on such an argument.)
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
 * The last `args.length` strings of a NUL-terminated list, decoded.
 * Where they are not the same arguments (a process can overwrite its list), `args` are given back.
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
