/** A port on which a process listens that looks like an escp. */

import { fromFileUrl } from "@std/path";

const CHILD = fromFileUrl(new URL("receiver_port_child.ts", import.meta.url));

/** The port is open until it is disposed. */
export interface ReceiverPort extends AsyncDisposable {
  readonly port: number;
}

/**
 * Opens a port that forwards to another port of this host.
 *
 * @param options.as first words of the command line that runs the listening program.
 * @param options.args arguments of the listening program. Default: those of a remote end.
 * @param options.hostname address to listen on.
 */
export async function openReceiverPort(
  target: number,
  { as = [], args = ["--receiver"], hostname = "::" }: { as?: string[]; args?: string[]; hostname?: string } = {},
): Promise<ReceiverPort> {
  const words = [...as, Deno.execPath(), "run", "--quiet", "--no-config", "--allow-net", CHILD, `${target}`, hostname];
  const child = new Deno.Command(words[0], {
    args: [...words.slice(1), ...args],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value, done } = await reader.read();
  if (done) throw new Error("Cannot open a port");
  return {
    port: Number(new TextDecoder().decode(value)),
    async [Symbol.asyncDispose]() {
      await reader.cancel();
      await child.stdin.close();
      await child.status;
    },
  };
}
