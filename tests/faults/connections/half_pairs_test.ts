import { assertEquals } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { pass } from "../../../src/net/pass.ts";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { runEscp } from "../../support/escp/escp_command.ts";
import { startProxiedHosts } from "../../support/hosts/proxied_hosts.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { describeWithScene } from "../../support/scene.ts";
import { startTcpProxy } from "../../support/hosts/tcp_proxy.ts";

describeWithScene("a relay with a connection that does not open", (scene) => {
  let from: string;
  beforeAll(async () => {
    from = await scene.tree({ file: randomBytes(32 << 20, "halves") });
  });

  for (const [side, host] of [["source", "testhost"], ["target", "other"]]) {
    for (const lost of [2, 3]) {
      it(`continues at once with the others: connection ${lost} to the ${side}`, async () => {
        let connections = 0;
        await using hosts = await startProxiedHosts((name, port) =>
          startTcpProxy(port, {
            async passing(client, server) {
              if (name === host && ++connections === lost) return;
              await Promise.all([forward(client, server), forward(server, client)]);
            },
          })
        );
        const to = await scene.tree();
        const copy = [...hosts.options, "-t4", "--timeout", "600", `testhost:${from}/file`, `other:${to}/file`];
        const result = await runEscp(copy, { env: hosts.env });
        assertEquals(result.code, 0, result.stderr);
        assertEquals(await compareTrees(from, to), []);
      });
    }
  }
});

async function forward(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  await pass(from, to);
  await to.closeWrite();
}
