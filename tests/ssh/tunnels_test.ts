import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Reach } from "../../src/ssh/reach.ts";
import { sshTunnels } from "../../src/ssh/tunnels.ts";
import { createTempTree } from "../support/files/temp_tree.ts";

/** Replaces ssh: lists ciphers for -G, and otherwise prints its arguments. */
const SCRIPT = `#!/bin/sh
case "$1" in -G) echo "hostname real.example"; echo "ciphers chacha20,aes128-gcm@openssh.com,aes256-ctr"; exit ;; esac
echo "$SSH_ASKPASS_REQUIRE" "$@" >&2
exit 255
`;

/** Opens the next tunnel after these failures. Returns the arguments of ssh; undefined if there is no further tunnel. */
async function sshArgumentsAfter(failed: string[], options: Partial<Reach["ssh"]> = {}): Promise<string | undefined> {
  await using tree = await createTempTree({ "ssh": { content: SCRIPT, mode: 0o755 } });
  const ssh: Reach["ssh"] = {
    program: `${tree.path}/ssh`,
    identities: [],
    options: [],
    batch: false,
    forwardAgent: true,
    quiet: true,
    verbose: 3,
    ...options,
  };
  const host = { host: "h", user: "u" };
  const find = sshTunnels({ ssh, host, remotePath: "~/my escp", tunnel: "auto" }, 1234, { native: false });
  const tunnel = await find(failed);
  if (!tunnel) return undefined;
  const conn = tunnel.open();
  const args = await conn.failureText();
  conn.close();
  return args;
}

describe("sshTunnels", { ignore: Deno.build.os === "windows" }, () => {
  it("tries ssh -W first, without questions (also of jump hosts), and prefers the fastest cipher", async () => {
    const args = (await sshArgumentsAfter([]))!;
    assert(args.startsWith("force "), args);
    assert(args.endsWith("-W 127.0.0.1:1234 -- h"), args);
    for (const part of ["-oBatchMode=yes", "-oForwardAgent=no", "-oCompression=no", "-l u"]) {
      assertStringIncludes(args, ` ${part} `);
    }
    assertStringIncludes(args, " -oCiphers=aes128-gcm@openssh.com,chacha20,aes256-ctr ");
    assert(!/ -[qv] /.test(args), args);
  });

  it("keeps the cipher of the user", async () => {
    const args = (await sshArgumentsAfter([], { cipher: "aes256-ctr" }))!;
    assertStringIncludes(args, " -c aes256-ctr ");
    assert(!args.includes("Ciphers"), args);
  });

  it("tries escp in another ssh session if forwarding is refused, and then no other tunnel", async () => {
    const refused = "channel 0: open failed: administratively prohibited: open failed; stdio forwarding failed";
    const args = (await sshArgumentsAfter([refused]))!;
    assert(args.endsWith(`-- h ~/'my escp' '--receiver-stream=1234'`), args);
    assertEquals(await sshArgumentsAfter([refused, "it ended"]), undefined);
  });

  it("does not log in again if a login failed", async () => {
    const reasons = ["u@h: Permission denied (publickey).", "Host key verification failed.", "ssh: connect to host h"];
    for (const reason of reasons) assertEquals(await sshArgumentsAfter([reason]), undefined, reason);
  });
});
