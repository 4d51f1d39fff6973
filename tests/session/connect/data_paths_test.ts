import { assertEquals, unreachable } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { candidates, proxyCheck, tunnelUse } from "../../../src/session/connect/data_paths.ts";
import { StreamDialer } from "../../../src/session/connect/dial_streams.ts";
import { dialPath } from "../../../src/session/connect/direct_path.ts";
import type { Reach } from "../../../src/ssh/reach.ts";
import { sshTunnels } from "../../../src/ssh/tunnels.ts";
import { CIPHER_ENGINES } from "../../crypto/cipher_engines.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";
import { fixedSecrets } from "../fixed_secrets.ts";

const ENGINE = CIPHER_ENGINES.at(-1)!;

/** Starts no ssh, but a program that prints these settings and logs its calls. Disposing removes it. */
async function replaceSsh(settings: string) {
  const tree = await createTempTree({
    "ssh": { content: `#!/bin/sh\necho called >>"$0.log"\ncat <<END\n${settings}\nEND\n`, mode: 0o755 },
  });
  return {
    reachOf: (host: string): Reach => ({
      ssh: {
        program: `${tree.path}/ssh`,
        identities: [],
        options: [],
        batch: true,
        forwardAgent: false,
        quiet: false,
        verbose: 0,
      },
      host: { host },
      remotePath: "escp",
      tunnel: "auto",
    }),
    calls: async () => (await Deno.readTextFile(`${tree.path}/ssh.log`)).trim().split("\n").length,
    [Symbol.asyncDispose]: () => tree[Symbol.asyncDispose](),
  };
}

/** Returns the addresses that are tried, after their names were looked up. */
async function placesOf(addresses: string[], reach: Reach): Promise<(string | undefined)[]> {
  const found = candidates({ addresses, port: 1 }, { reach });
  return await Promise.all(found.map(({ hostname, lookUp }) => lookUp ? lookUp() : hostname));
}

describe("the note about a tunnel", () => {
  it("names the host whose data ports cannot be reached, and how to open a direct route", async () => {
    await using ssh = await replaceSsh("");
    const dialer = new StreamDialer(await fixedSecrets(), ENGINE, { as: "client", first: 0 });
    const notes: string[] = [];
    const options = { reach: ssh.reachOf("far"), engine: ENGINE, note: (text: string) => void notes.push(text) };
    const isProxied = () => Promise.resolve(false);
    const use = tunnelUse({ port: 1232 }, options, dialPath(dialer, [], { port: 1232 }), undefined, isProxied);
    await use!.onUsed({ name: "ssh -W", maxStreams: 1, open: () => unreachable() }, ["far:1232: no answer"]);
    assertEquals(notes, [
      "Data goes through ssh (ssh -W), because no data port of far can be reached (far:1232: no answer). " +
      "Open TCP ports 1232-1242 of far for this machine to go faster",
    ]);
  });
});

describe("the routes to the data port", { ignore: Deno.build.os === "windows" }, () => {
  it("read the configuration of ssh once per session", async () => {
    await using ssh = await replaceSsh("hostname inner\nproxyjump gate\nciphers aes128-gcm@openssh.com");
    const reach = ssh.reachOf("outer");
    assertEquals(await placesOf(["192.0.2.1", "fe80::1"], reach), ["192.0.2.1", "inner", undefined]);
    const isProxied = proxyCheck(reach);
    assertEquals([await isProxied(), await isProxied(), await proxyCheck(reach)()], [true, true, true]);
    assertEquals((await sshTunnels(reach, 1, { native: false })([]))?.name, "ssh -W");
    assertEquals(await ssh.calls(), 1);
    await proxyCheck(ssh.reachOf("outer"))();
    assertEquals(await ssh.calls(), 2);
  });

  it("give a link-local address the zone by which ssh reaches the host", async () => {
    const cases: [host: string, hostname: string, address: string, expected: string | undefined][] = [
      ["fe80::2%eth0", "fe80::2%eth0", "fe80::1", "fe80::1%eth0"],
      ["outer", "FEBF::2%eth0", "fe80::1%remote", "fe80::1%eth0"],
      ["fe80::2", "fe80::2", "fe80::1%remote", undefined],
      ["2001:db8::2%eth0", "2001:db8::2%eth0", "fe80::1", undefined],
      // A name that begins with the same letters.
      ["feature%x", "feature%x", "fe80::1", undefined],
    ];
    for (const [host, hostname, address, expected] of cases) {
      await using ssh = await replaceSsh(`hostname ${hostname}`);
      assertEquals((await placesOf([address], ssh.reachOf(host)))[0], expected, `${host} ${address}`);
    }
    await using ssh = await replaceSsh("");
    assertEquals(await placesOf(["2001:db8::1%x"], ssh.reachOf("outer")), ["2001:db8::1%x", undefined]);
  });
});
