/** Sessions without ssh between two network namespaces, in which no ssh server runs. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { writeTree } from "../../support/files/temp_tree.ts";
import { createNetwork, type Network, networksProblem } from "../../support/hosts/network.ts";
import { closed } from "../../support/hosts/network_pair.ts";
import { type Serving, startServing } from "../../support/hosts/serving.ts";

const TREE = { small: "small", "directory/large": { size: 5 << 20, seed: 7 } };
const SERVER = "10.78.0.2";
const problem = networksProblem();
const why = problem ? ` (skipped: ${problem})` : "";

/** Returns the names of the programs that run in a namespace. */
async function programsIn(namespace: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("ip", { args: ["netns", "pids", namespace] }).output();
  const pids = new TextDecoder().decode(stdout).split("\n").filter(Boolean);
  return pids.map((pid) => Deno.readTextFileSync(`/proc/${pid}/comm`).trim());
}

describe(`escp --serve on another host${why}`, { ignore: problem !== undefined }, () => {
  let network: Network;
  let serving: Serving;
  let namespaces: { server: string; client: string };
  beforeAll(async () => {
    network = await createNetwork(["client", "server"], [
      { hosts: ["client", "server"], addresses: ["10.78.0.1/24", `${SERVER}/24`] },
    ]);
    namespaces = { server: network.namespace("server"), client: network.namespace("client") };
    serving = await startServing({ address: SERVER, namespaces });
    await writeTree(`${serving.work}/tree`, TREE);
  });
  afterAll(async () => {
    await serving?.[Symbol.asyncDispose]();
    await network?.[Symbol.asyncDispose]();
  });

  it("needs no other program there, and none on the host of the client", async () => {
    const [program] = new Set(await programsIn(namespaces.server));
    assertEquals(new Set(await programsIn(namespaces.server)), new Set([program]));
    assertMatch(program, /^(deno|escp)/);
    assertEquals(await programsIn(namespaces.client), []);
  });

  it("receives and sends over data connections of its own", async () => {
    const pushed = await serving.run(["-v", "-r", "tree", serving.url("pushed")]);
    assertEquals(pushed.code, 0, pushed.stderr);
    assertStringIncludes(pushed.stderr, `data goes to ${SERVER}\n`);
    const pulled = await serving.run(["-r", serving.url("pushed"), "fetched"]);
    assertEquals(pulled.code, 0, pulled.stderr);
    assertEquals(await compareTrees(`${serving.work}/tree`, `${serving.work}/fetched`), []);
  });

  it("receives and sends with --one-port", async () => {
    await using onePort = await startServing({ args: ["--one-port"], address: SERVER, namespaces });
    await writeTree(`${onePort.work}/tree`, TREE);
    const pushed = await onePort.run(["-v", "-r", "tree", onePort.url("pushed")]);
    assertEquals(pushed.code, 0, pushed.stderr);
    assertStringIncludes(pushed.stderr, `data goes to ${SERVER}:${onePort.port}\n`);
    const pulled = await onePort.run(["-r", onePort.url("pushed"), "fetched"]);
    assertEquals(pulled.code, 0, pulled.stderr);
    assertEquals(await compareTrees(`${onePort.work}/tree`, `${onePort.work}/fetched`), []);
  });

  it("receives and sends with the URL of --once", async () => {
    for (const direction of ["push", "pull"]) {
      await using once = await startServing({ args: ["--once"], address: SERVER, namespaces, isTrusted: false });
      const [from, to] = direction === "push" ? [once.work, once.root] : [once.root, once.work];
      await writeTree(from, TREE);
      const url = once.output.trimEnd();
      const result = await once.run(direction === "push" ? ["-r", "small", "directory", url] : ["-r", url, "copy"]);
      assertEquals(result.code, 0, result.stderr);
      assertEquals(await compareTrees(from, direction === "push" ? to : `${to}/copy`), []);
      assertEquals((await once.server.result).code, 0);
    }
  });

  it("passes the data through its own port if a firewall closes the others", async () => {
    for (const rule of closed("prohibit")) await network.ip("server", rule);
    const result = await serving.run(["-v", "-r", "tree", serving.url("through")]);
    assertEquals(result.code, 0, result.stderr);
    assertStringIncludes(result.stderr, `Data goes through port ${serving.port} of the server`);
    assertEquals(await compareTrees(`${serving.work}/tree`, `${serving.root}/through`), []);
  });
});
