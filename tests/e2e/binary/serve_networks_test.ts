/** Sessions without ssh between two network namespaces, in which no ssh server runs. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { writeTree } from "../../support/files/temp_tree.ts";
import { createNetwork, describeWithNetworks, type Network } from "../../support/hosts/network.ts";
import { closed } from "../../support/hosts/network_pair.ts";
import { type Serving, startServing } from "../../support/hosts/serving.ts";

const SERVER = "10.78.0.2";

describeWithNetworks("escp --serve on another host", () => {
  let network: Network;
  let serving: Serving;
  beforeAll(async () => {
    network = await createNetwork(["client", "server"], [
      { hosts: ["client", "server"], addresses: ["10.78.0.1/24", `${SERVER}/24`] },
    ]);
    const namespaces = { server: network.namespace("server"), client: network.namespace("client") };
    serving = await startServing({ address: SERVER, namespaces });
    await writeTree(`${serving.work}/tree`, { small: "small", "directory/large": { size: 5 << 20, seed: 7 } });
  });
  afterAll(async () => {
    await serving?.[Symbol.asyncDispose]();
    await network?.[Symbol.asyncDispose]();
  });

  it("receives and sends over data connections of its own", async () => {
    const pushed = await serving.run(["-v", "-r", "tree", serving.url("pushed")]);
    assertEquals(pushed.code, 0, pushed.stderr);
    assertStringIncludes(pushed.stderr, `data goes to ${SERVER}\n`);
    const pulled = await serving.run(["-r", serving.url("pushed"), "fetched"]);
    assertEquals(pulled.code, 0, pulled.stderr);
    assertEquals(await compareTrees(`${serving.work}/tree`, `${serving.work}/fetched`), []);
  });

  it("passes the data through its own port if a firewall closes the others", async () => {
    for (const rule of closed("prohibit")) await network.ip("server", rule);
    const result = await serving.run(["-v", "-r", "tree", serving.url("through")]);
    assertEquals(result.code, 0, result.stderr);
    assertStringIncludes(result.stderr, `Data goes through port ${serving.port} of the server`);
    assertEquals(await compareTrees(`${serving.work}/tree`, `${serving.root}/through`), []);
  });
});
