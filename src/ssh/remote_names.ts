/** Lists names on a remote host, for the completion of paths. */

import { settleWithin } from "../async/settle_within.ts";
import { indexOfNeedle } from "../bytes.ts";
import { printable } from "../escape_text.ts";
import { startChild, stopChild } from "../native/process/child.ts";
import { decodeName, encodeName } from "../protocol/names.ts";
import type { RemoteHost } from "./operand.ts";
import { quoteProgram, quoteWord } from "./shell_quote.ts";
import { sshCommand, type SshOptions } from "./command.ts";

/** Maximum time for ssh: a user is waiting. In milliseconds. */
const TIMEOUT_MS = 6_000;
/** Maximum length of a list. Nothing is offered from a longer one. */
const MAX_LIST_BYTES = 1 << 20;
/** Settings after those of the user, which take precedence. */
const QUICK = ["ConnectTimeout=3", "ConnectionAttempts=1"];

/**
 * Returns the names that begin with the last component of a path, in the directory before it, sorted. A directory ends in "/".
 * Names that a terminal could interpret are left out. Never prompts; returns nothing if ssh fails or takes too long.
 *
 * @param path Path as in an operand, not expanded.
 */
export async function listRemoteNames(
  ssh: SshOptions,
  { path, ...host }: RemoteHost & { path: string },
): Promise<string[]> {
  const end = path.lastIndexOf("/") + 1;
  const prefix = path.slice(end);
  const mark = crypto.randomUUID();
  const script = listingScript(path.slice(0, end), prefix, mark);
  // The remote login shell sees only "sh".
  const command = sshCommand(
    { ...ssh, batch: true, quiet: true, verbose: 0, forwardAgent: false, options: [...ssh.options, ...QUICK] },
    host,
    "sh",
  );
  const output = await outputOf(command, encodeName(script), new TextEncoder().encode(`\n${mark}\n`));
  return output ? namesIn(output, prefix) : [];
}

/**
 * Returns a script for sh that writes the names between two marks, each with a NUL. As in a shell, names with a leading "."
 * match only a prefix with one.
 */
export function listingScript(directory: string, prefix: string, mark: string): string {
  return `LC_ALL=C; export LC_ALL; CDPATH=
${directory === "" ? "" : `cd -- ${quoteProgram(directory)} 2>/dev/null || exit 0\n`}printf '\\n%s\\n' ${mark}
for name in ${prefix === "" ? "" : quoteWord(prefix)}*; do
  if [ -d "./$name" ]; then printf '%s/\\000' "$name"
  elif [ -e "./$name" ] || [ -L "./$name" ]; then printf '%s\\000' "$name"; fi
done
printf '\\n%s\\n' ${mark}
`;
}

/** Runs a program. Returns the part of its output between two marks; undefined if a limit is exceeded or a mark is missing. */
async function outputOf(
  { program, args }: { program: string; args: string[] },
  input: Uint8Array<ArrayBuffer>,
  mark: Uint8Array,
): Promise<Uint8Array | undefined> {
  let child: Deno.ChildProcess;
  try {
    // ssh asks for the PIN of a security key by another program.
    const env = { SSH_ASKPASS_REQUIRE: "never" };
    child = startChild(program, { args, env, stdin: "piped", stdout: "piped", stderr: "null" });
  } catch {
    return undefined;
  }
  const reader = child.stdout.getReader();
  try {
    const written = writeAll(child.stdin, input);
    const output = await settleWithin(TIMEOUT_MS, readBetween(reader, mark));
    await settleWithin(0, written);
    return output;
  } finally {
    stopChild(child, "SIGKILL");
    await reader.cancel().catch(() => {});
    await child.status;
  }
}

async function writeAll(stdin: WritableStream<Uint8Array>, input: Uint8Array): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(input);
    await writer.close();
  } catch {
    // ssh has ended.
  }
}

async function readBetween(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  mark: Uint8Array,
): Promise<Uint8Array | undefined> {
  const buffer = new Uint8Array(MAX_LIST_BYTES);
  let length = 0;
  let start = -1;
  for (;;) {
    const { value } = await reader.read();
    if (!value || length + value.length > buffer.length) return undefined;
    const from = Math.max(start, length - mark.length, 0);
    buffer.set(value, length);
    length += value.length;
    const received = buffer.subarray(0, length);
    if (start < 0) {
      const found = indexOfNeedle(received, mark);
      if (found < 0) continue;
      start = found + mark.length;
    }
    const end = indexOfNeedle(received.subarray(Math.max(from, start)), mark);
    if (end >= 0) return received.subarray(start, Math.max(from, start) + end);
  }
}

/** Returns the names in an untrusted list. */
export function namesIn(list: Uint8Array, prefix: string): string[] {
  const names = decodeName(list).split("\0").slice(0, -1);
  return [...new Set(names.filter((name) => isOffered(name, prefix)))].sort();
}

/** A byte that is not UTF-8 is not printable either. */
function isOffered(name: string, prefix: string): boolean {
  const bare = name.endsWith("/") ? name.slice(0, -1) : name;
  return name.startsWith(prefix) && !/^$|^\.\.?$|[/\n]/.test(bare) && printable(name) === name;
}
