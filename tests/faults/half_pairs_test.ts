import { assertEquals } from "@std/assert";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { type Scene, startScene } from "../e2e/scene.ts";
import { compareTrees } from "../support/compare_trees.ts";
import { runEscp } from "../support/escp_command.ts";
import { freePort } from "../support/free_port.ts";
import { describeWithSshd } from "../support/needs_sshd.ts";
import { randomBytes } from "../support/random_bytes.ts";
import { addHost, startSshd } from "../support/sshd.ts";
import { startTcpProxy } from "../support/tcp_proxy.ts";
import { writeTree } from "../support/temp_tree.ts";

describeWithSshd("a relay of which one connection does not come about", () => {
  let scene: Scene;
  let from: string;
  beforeAll(async () => {
    scene = await startScene();
    from = await scene.tree({ file: randomBytes(32 << 20, "halves") });
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  for (const [side, host] of [["source", "testhost"], ["target", "other"]]) {
    for (const lost of [2, 3]) {
      it(`copies with the others, and waits for nothing: connection ${lost} to the ${side}`, async () => {
        await using sshd = await startSshd();
        await using other = await startSshd();
        await addHost(sshd, "other", other);
        await using proxies = new AsyncDisposableStack();
        const hosts: Record<string, unknown> = {};
        for (const [name, { home }] of Object.entries({ testhost: sshd, other })) {
          const port = freePort();
          await writeTree(home, { ".config/escp/config.yaml": `escp-port: ${port}\n` });
          let connections = 0;
          const proxy = proxies.use(startTcpProxy(port, {
            async passing(client, server) {
              if (++connections === lost && name === host) return;
              await Promise.all([pass(client, server), pass(server, client)]);
            },
          }));
          hosts[name] = { "data-address": `127.0.0.1:${proxy.port}` };
        }
        const settings = await scene.tree({ "escp/config.yaml": JSON.stringify({ hosts }) });
        const to = await scene.tree();
        const flags = ["-t4", "-3", "--timeout", "600", "--tunnel", "never"];
        const copy = [...sshd.sshOptions, ...flags, `testhost:${from}/file`, `other:${to}/file`];
        const result = await runEscp(copy, { env: { XDG_CONFIG_HOME: settings } });
        assertEquals(result.code, 0, result.stderr);
        assertEquals(await compareTrees(from, to), []);
      });
    }
  }
});

async function pass(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(64 << 10);
  for (let read; (read = await from.read(buffer)) !== null;) {
    for (let at = 0; at < read;) at += await to.write(buffer.subarray(at, read));
  }
  await to.closeWrite();
}
