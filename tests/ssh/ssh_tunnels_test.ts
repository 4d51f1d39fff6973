import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Reach } from "../../src/ssh/reach.ts";
import { sshTunnels } from "../../src/ssh/ssh_tunnels.ts";
import { createTempTree } from "../support/temp_tree.ts";

/** An ssh that knows its ciphers, and says how else it was called. */
const SCRIPT = `#!/bin/sh
case "$1" in -G) echo "hostname real.example"; echo "ciphers chacha20,aes128-gcm@openssh.com,aes256-ctr"; exit ;; esac
echo "$SSH_ASKPASS_REQUIRE" "$@" >&2
exit 255
`;

async function called(failed: string[], options: Partial<Reach["ssh"]> = {}): Promise<string | undefined> {
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
  const said = await conn.failureText();
  conn.close();
  return said;
}

describe("sshTunnels", { ignore: Deno.build.os === "windows" }, () => {
  it("forwards first, asks nobody, not even on the way through a jump host, and prefers the quick cipher", async () => {
    const said = (await called([]))!;
    assert(said.startsWith("force "), said);
    assert(said.endsWith("-W 127.0.0.1:1234 -- h"), said);
    for (const part of ["-oBatchMode=yes", "-oForwardAgent=no", "-oCompression=no", "-l u"]) {
      assertStringIncludes(said, ` ${part} `);
    }
    assertStringIncludes(said, " -oCiphers=aes128-gcm@openssh.com,chacha20,aes256-ctr ");
    assert(!/ -[qv] /.test(said), said);
  });

  it("leaves the cipher that the user chose", async () => {
    const said = (await called([], { cipher: "aes256-ctr" }))!;
    assertStringIncludes(said, " -c aes256-ctr ");
    assert(!said.includes("Ciphers"), said);
  });

  it("starts escp in a session of its own where that is refused, and knows nothing else", async () => {
    const refused = "channel 0: open failed: administratively prohibited: open failed; stdio forwarding failed";
    const said = (await called([refused]))!;
    assert(said.endsWith(`-- h ~/'my escp' '--receiver-stream=1234'`), said);
    assertEquals(await called([refused, "it ended"]), undefined);
  });

  it("does not log in again where it could not", async () => {
    const reasons = ["u@h: Permission denied (publickey).", "Host key verification failed.", "ssh: connect to host h"];
    for (const reason of reasons) assertEquals(await called([reason]), undefined, reason);
  });
});
