import { assert, assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { alteredEscp, runEscp } from "../../support/escp/escp_command.ts";
import { describeWithNetworks } from "../../support/hosts/network.ts";
import {
  closed,
  CONTENTS,
  pairOfSuite,
  reportRejections,
  SERVER,
  startPair,
} from "../../support/hosts/network_pair.ts";
import { ENGINES } from "../../support/scene.ts";
import { writeWrapper } from "../../support/shell_script.ts";
import { addHost, addHostsToRemote, startSshd } from "../../support/hosts/sshd.ts";
import { createTempTree, writeTree } from "../../support/files/temp_tree.ts";

const DROP = closed("blackhole");
const CLIENT = "10.77.0.1";
/** Message that the remote host has connected to this machine. */
const DIRECT = /data (goes to|comes from) 10\.77\.0\.2 \(which has connected to this machine\)$/m;

describeWithNetworks("--reverse with closed ports of the server", () => {
  const pair = pairOfSuite(() => startPair(DROP));

  for (const engine of ENGINES) {
    for (const direction of ["push", "pull"] as const) {
      it(`needs no tunnel (${direction}, ${engine})`, async () => {
        const messages = await pair.copy(direction, ["--reverse", "-v", "--engine", engine, "-t4", "--threads", "2"]);
        assertMatch(messages, DIRECT);
        assert(!messages.includes("note:"), messages);
      });
    }
  }

  it("needs no tunnel for a single small file", async () => {
    await using tree = await createTempTree({ "small": "small" });
    const args = ["--reverse", "--tunnel", "never", `${tree.path}/small`, `testhost:${tree.path}/copy`];
    const { code, stderr, leftBehind } = await pair.run(args);
    assertEquals([code, stderr, await leftBehind()], [0, "", []]);
    assertEquals(await Deno.readTextFile(`${tree.path}/copy`), "small");
  });

  it("is accepted in ESCP_OPTIONS and yields to --tunnel always", async () => {
    const env = { ESCP_OPTIONS: "--reverse" };
    assertMatch(await pair.copy("push", ["-v"], { env }), DIRECT);
    assertMatch(await pair.copy("push", ["-v", "--tunnel", "always"], { env }), /data goes to ssh \(ssh -W\)$/m);
  });

  it("is a key of the configuration", async () => {
    await using tree = await createTempTree({ "escp/config.yaml": "hosts: {testhost: {reverse: true}}\n" });
    const env = { XDG_CONFIG_HOME: tree.path };
    assertMatch(await pair.copy("pull", ["-v"], { env }), DIRECT);
  });

  it("works for both ends of a relay", async () => {
    await using near = await startSshd({ addresses: [CLIENT], namespace: pair.network.namespace("client") });
    await addHost(pair.sshd, "near", near);
    await using tree = await createTempTree(CONTENTS);
    const [from, to] = [`${tree.path}/from`, `${tree.path}/to`];
    for (const [source, target] of [[`near:${from}`, `testhost:${to}`], [`testhost:${from}`, `near:${to}-2`]]) {
      const { code, stderr, leftBehind } = await pair.run(["--reverse", "--tunnel", "never", source, target]);
      assertEquals([code, stderr, await leftBehind()], [0, "", []]);
    }
    assertEquals(await compareTrees(from, to), []);
    assertEquals(await compareTrees(from, `${to}-2`), []);
  });

  it("applies to the first host with -R", async () => {
    await using near = await startSshd({ addresses: [CLIENT], namespace: pair.network.namespace("client") });
    // Both the first host and this machine know the second one.
    await addHostsToRemote({ ...near, configPath: pair.sshd.configPath });
    await using tree = await createTempTree(CONTENTS);
    const [from, to] = [`${tree.path}/from`, `${tree.path}/to`];
    const { code, stderr, leftBehind } = await runEscp(
      [...near.sshOptions, "-v", "-r", "-R", "--reverse", "--tunnel", "never", `testhost:${from}`, `testhost2:${to}`],
      { namespace: pair.network.namespace("client") },
    );
    assertEquals([code, await leftBehind()], [0, []], stderr);
    assertMatch(stderr, DIRECT);
    assertEquals(await compareTrees(from, to), []);
    await pair.sshd.waitForNoSession();
  });

  it("is refused by an older escp", async () => {
    await using tree = await createTempTree({});
    await writeWrapper(`${tree.path}/escp`, alteredEscp("without_features.ts"));
    const args = ["--reverse", "-D", `${tree.path}/escp`, `${tree.path}/escp`, "testhost:"];
    const { code, stderr, leftBehind } = await pair.run(args);
    assertEquals([code, await leftBehind()], [1, []], stderr);
    assertMatch(
      stderr,
      /^escp: Cannot use --reverse: escp .* on testhost does not support it\nhint: Install the same/m,
    );
  });

  it("connects only to the address of the ssh client if the host confines its sessions", async () => {
    await using tree = await createTempTree({ "file": "file" });
    await writeTree(`${pair.sshd.home}/.config/escp`, { "config.yaml": `root: ${tree.path}\n` });
    try {
      const copy = ["--reverse", `${tree.path}/file`, `testhost:${tree.path}/copy`];
      const { code, stderr } = await pair.run(["-v", ...copy]);
      assertEquals(code, 0, stderr);
      assertMatch(stderr, DIRECT);
      const elsewhere = await pair.run(["--data-address", "10.77.0.3", ...copy]);
      assertEquals(elsewhere.code, 0, elsewhere.stderr);
      assertMatch(elsewhere.stderr, /^note: Data goes .*\(that host connects only to the address of its client\)/);
    } finally {
      await Deno.remove(`${pair.sshd.home}/.config`, { recursive: true });
    }
  });
});

describeWithNetworks("--reverse with closed ports of both hosts", () => {
  const pair = pairOfSuite(() => startPair(DROP), async ({ network }) => {
    await reportRejections(network, "client");
    for (const rule of closed("prohibit")) await network.ip("client", rule);
  });

  const tried = `${CLIENT}:\\d+: No route to host`;

  for (const direction of ["push", "pull"] as const) {
    it(`goes through ssh and reports the address that failed (${direction})`, async () => {
      assertMatch(
        await pair.copy(direction, ["--reverse"]),
        new RegExp(
          `^note: Data goes through ssh \\(ssh -W\\), because testhost cannot reach a port of this machine \\(${tried}\\)\\. ` +
            `Open TCP ports 1232-1242 of this machine for testhost to go faster\n$`,
        ),
      );
    });
  }

  it("is an error if --tunnel never forbids ssh", async () => {
    const { code, stderr } = await pair.run(["--reverse", "--tunnel", "never", import.meta.filename!, "testhost:"]);
    assertEquals(code, 255, stderr);
    assertMatch(
      stderr,
      new RegExp(`^escp: Cannot accept data connections from the remote host, .* \\(${tried}\\)\nhint: Open TCP`),
    );
  });

  it("listens on the given port", async () => {
    const args = ["--reverse", "-v", "--escp-port", "5000", "--escp-portrange", "3"];
    assertMatch(await pair.copy("push", args), DIRECT);
  });

  it("fails at once if all given ports are occupied", async () => {
    await using tree = await createTempTree({ "file": "file" });
    const args = ["--reverse", "--escp-port", `${pair.sshd.port}`, "--escp-portrange", "0"];
    const namespace = pair.network.namespace("client");
    await using _taken = await startSshd({ addresses: [CLIENT], namespace, serverConfig: [`Port ${pair.sshd.port}`] });
    const { code, stderr } = await pair.run([...args, `${tree.path}/file`, "testhost:"]);
    assertEquals(code, 1, stderr);
    assertMatch(stderr, new RegExp(`^escp: Cannot listen for data on port ${pair.sshd.port}: it is taken`));
  });

  it("uses the given address of this machine", async () => {
    const address = ["--escp-port", "5000", "--data-address", `${SERVER}:5000`];
    const messages = await pair.copy("push", ["--reverse", ...address]);
    assertMatch(messages, new RegExp(`\\(${SERVER}:5000: Connection refused\\)`));
  });
});
