import { assert } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { escpCommand } from "../support/escp/escp_command.ts";

/** More than a busy machine needs. */
const PATIENCE_MS = 20_000;

describe("escp --receiver", { ignore: Deno.build.os !== "linux" }, () => {
  it("prepares for blocked system calls while it waits for the job of its client", async () => {
    const [program, ...words] = escpCommand();
    const child = new Deno.Command(program, { args: [...words, "--receiver"], stdin: "piped", stdout: "piped" })
      .spawn();
    const reader = child.stdout.getReader();
    try {
      await reader.read();
      const begun = performance.now();
      // No event announces the disposition of a signal.
      while (!ignoresFileSize(child.pid)) {
        assert(performance.now() - begun < PATIENCE_MS, "SIGXFSZ is not ignored before the job");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } finally {
      await child.stdin.close();
      await reader.cancel();
      await child.status;
    }
  });
});

/** Whether the process ignores SIGXFSZ: it does so right before it starts its other guards. */
function ignoresFileSize(pid: number): boolean {
  const [, mask] = /^SigIgn:\s*([0-9a-f]+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))!;
  return (BigInt(`0x${mask}`) >> 24n & 1n) === 1n;
}
