import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { alteredEscp } from "../../support/escp/escp_command.ts";
import { createNetwork, describeWithNetworks, enter } from "../../support/hosts/network.ts";
import {
  closed,
  CONTENTS,
  pairOf,
  pairOfSuite,
  reportRejections,
  SERVER,
  setSysctl,
  startPair,
} from "../../support/hosts/network_pair.ts";
import { ENGINES } from "../../support/scene.ts";
import { writeWrapper } from "../../support/shell_script.ts";
import { addHost, setAddress, startSshd } from "../../support/hosts/sshd.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

/** Packets vanish. */
const DROP = closed("blackhole");
/** Packets are refused with an error. */
const REJECT = closed("prohibit");

/** Returns the only message: data goes through ssh, by which route, which addresses failed, and which ports to open. */
function note(route: string, tried: string, ports = "ports 1232-1242"): RegExp {
  return new RegExp(
    `^note: Data goes through ssh \\(${route}\\), because no data port of testhost can be reached \\(${tried}\\)\\. ` +
      `Open TCP ${ports} of testhost for this machine to go faster\n$`,
  );
}

describeWithNetworks("data ports that drop packets", () => {
  const pair = pairOfSuite(() => startPair(DROP));

  for (const engine of ENGINES) {
    for (const direction of ["push", "pull"] as const) {
      it(`are replaced by ssh -W (${direction}, ${engine})`, async () => {
        const messages = await pair.copy(direction, ["--engine", engine]);
        assertMatch(messages, note("ssh -W", `${SERVER}:\\d+: no answer; testhost:\\d+: no answer`));
      });
    }
  }

  it("are an error with the addresses that failed if --tunnel never forbids ssh", async () => {
    const began = performance.now();
    const { code, stderr } = await pair.run(["--tunnel", "never", import.meta.filename!, "testhost:"]);
    assertEquals(code, 255);
    // 3 s, and the login on a busy machine.
    assert(performance.now() - began < 14_000, "the addresses were tried for too long");
    assertMatch(
      stderr,
      new RegExp(`^escp: Cannot reach the data port of the remote host \\(${SERVER}:\\d+: no answer;`),
    );
    assertMatch(stderr, /^hint: Open TCP ports 1232-1242.* or let the data go through ssh \(--tunnel auto\)$/m);
  });

  it("are not tried with --tunnel always", async () => {
    const messages = await pair.copy("push", ["--tunnel", "always", "-v"]);
    assertMatch(messages, /data goes to ssh \(ssh -W\)$/m);
    assert(!messages.includes("note:"), messages);
  });
});

describeWithNetworks("data ports that refuse connections", () => {
  const pair = pairOfSuite(() => startPair(REJECT), ({ network }) => reportRejections(network));

  it("are replaced by ssh at once, silently with -q", async () => {
    assertMatch(
      await pair.copy("push"),
      note("ssh -W", `${SERVER}:\\d+: No route to host; testhost:\\d+: No route to host`),
    );
    assertEquals(await pair.copy("pull", ["-q"]), "");
  });

  it("are the only ports to open if the user has requested them", async () => {
    const tried = ".*No route to host.*";
    assertMatch(await pair.copy("push", ["--escp-portrange", "1234-1236"]), note("ssh -W", tried, "ports 1234-1236"));
    const one = ["--escp-port", "1240", "--escp-portrange", "0"];
    assertMatch(await pair.copy("push", one), note("ssh -W", tried, "port 1240"));
    const { stderr } = await pair.run([...one, "--tunnel", "never", import.meta.filename!, "testhost:"]);
    assertMatch(
      stderr,
      /^hint: Open TCP port 1240 of the remote host for this machine, or let the data go through ssh/m,
    );
  });

  it("are replaced by the shared connection of the user's ssh", async () => {
    await using directory = await createTempTree({});
    const master = ["-oControlMaster=auto", `-oControlPath=${directory.path}/%C`, "-oControlPersist=30"];
    await pair.copy("push", master);
    const logins = () => pair.sshd.log().match(/Accepted publickey/g)?.length ?? 0;
    const before = logins();
    assertMatch(await pair.copy("pull", master), note("ssh -W", ".+"));
    assertEquals(logins(), before);
    const stop = new Deno.Command("ssh", {
      args: [...pair.sshd.sshOptions, ...master, "-O", "exit", "testhost"],
      stderr: "null",
    });
    assert((await stop.output()).success);
  });
});

describeWithNetworks("a server that forbids forwarding", () => {
  const pair = pairOfSuite(
    () => startPair(REJECT, { serverConfig: ["AllowTcpForwarding no"] }),
    ({ network }) => reportRejections(network),
  );

  for (const direction of ["push", "pull"] as const) {
    it(`is reached over further ssh sessions (${direction})`, async () => {
      const messages = await pair.copy(direction);
      assertMatch(messages, note("escp in another ssh session", `${SERVER}:\\d+: .+; ssh -W: .*forwarding failed`));
    });
  }
});

describeWithNetworks("a server that refuses a second login", () => {
  const pair = pairOfSuite(() => startPair(REJECT), ({ network }) => reportRejections(network));

  // Only the first login may ask for a password; further ones use BatchMode and are refused.
  const script = `#!/bin/sh\ncase " $* " in *BatchMode=yes*) set -- -oPubkeyAuthentication=no "$@" ;; esac\n` +
    `exec ssh "$@"\n`;
  const denied = ".*No route to host.*; ssh -W: .*Permission denied \\(publickey\\)\\.";

  for (const engine of ENGINES) {
    for (const direction of ["push", "pull"] as const) {
      it(`is reached over the connection of the session (${direction}, ${engine})`, async () => {
        await using tree = await createTempTree({ "ssh": { content: script, mode: 0o755 } });
        const messages = await pair.copy(direction, ["-S", `${tree.path}/ssh`, "--engine", engine]);
        assertMatch(messages, note("the connection of the session itself", denied));
      });
    }
  }

  it("is reached over the connection of the session within half a minute if a further login hangs", async () => {
    const hangs = `#!/bin/sh\ncase " $* " in *BatchMode=yes*) echo waits >&2; exec sleep 60 ;; esac\nexec ssh "$@"\n`;
    await using tree = await createTempTree({ "ssh": { content: hangs, mode: 0o755 } });
    const messages = await pair.copy("push", ["-S", `${tree.path}/ssh`], { timeoutMs: 30_000 });
    const tried = ".*No route to host.*; ssh -W: no answer \\(waits\\)";
    assertMatch(messages, note("the connection of the session itself", tried));
  });

  it("is an error with a hint if an older escp cannot use the connection of the session", async () => {
    await using tree = await createTempTree({ "ssh": { content: script, mode: 0o755 }, "file": "file" });
    await writeWrapper(`${tree.path}/escp`, alteredEscp("without_features.ts"));
    const { code, stderr, leftBehind } = await pair.run(
      ["-S", `${tree.path}/ssh`, "-D", `${tree.path}/escp`, `${tree.path}/file`, "testhost:"],
    );
    assertEquals(code, 255, stderr);
    assertMatch(stderr, new RegExp(`^escp: Cannot reach the data port of the remote host \\(${denied}\\)`));
    assertMatch(stderr, /^hint: Open TCP ports 1232-1242 .*ControlMaster/m);
    assertEquals(await leftBehind(), []);
    await pair.sshd.waitForNoSession();
  });
});

describeWithNetworks("a server that allows only sessions of escp", () => {
  it("is reached over the connection of the session", async () => {
    await using pair = await startPair(REJECT, {
      serverConfig: ["AllowTcpForwarding no"],
      forceCommand: "escp --receiver",
    });
    await reportRejections(pair.network);
    const tried = ".*forwarding failed; escp in another ssh session: this host only starts sessions";
    assertMatch(await pair.copy("push"), note("the connection of the session itself", tried));
  });
});

describeWithNetworks("a server behind address translation", () => {
  /** Starts a server behind a gateway that forwards its ssh port and other ports. The client knows only the gateway. */
  async function startTranslated(forwarded: number[]) {
    const network = await createNetwork(["client", "gateway", "server"], [
      { hosts: ["client", "gateway"], addresses: ["10.77.0.1/24", `${SERVER}/24`] },
      { hosts: ["gateway", "server"], addresses: ["10.78.0.1/24", "10.78.0.2/24"] },
    ]);
    const sshd = await startSshd({ addresses: ["10.78.0.2"], namespace: network.namespace("server") });
    await setAddress(sshd, SERVER);
    const ports = [sshd.port, ...forwarded].map(String);
    const script = fromFileUrl(new URL("../../support/hosts/pass_ports.ts", import.meta.url));
    const [program, ...args] = [
      ...enter(network.namespace("gateway")),
      Deno.execPath(),
      "run",
      "-A",
      "-q",
      "--no-check",
    ];
    const gateway = new Deno.Command(program, {
      args: [...args, script, SERVER, "10.78.0.2", ...ports],
      stdout: "piped",
    })
      .spawn();
    const reader = gateway.stdout.getReader();
    await reader.read();
    const pair = pairOf(network, sshd, "testhost");
    return {
      ...pair,
      async [Symbol.asyncDispose]() {
        gateway.kill("SIGKILL");
        await reader.cancel();
        await gateway.status;
        await pair[Symbol.asyncDispose]();
      },
    };
  }

  it("is reached at the address that ssh uses", async () => {
    await using pair = await startTranslated([1232]);
    assertMatch(await pair.copy("push", ["-v"]), /data goes to 10\.77\.0\.2$/m);
    assertEquals(await pair.copy("pull"), "");
  });

  it("is reached through ssh if the data port is not forwarded", async () => {
    await using pair = await startTranslated([]);
    const tried = `10.78.0.2:\\d+: Network is unreachable; testhost:\\d+: Connection refused`;
    assertMatch(await pair.copy("push"), note("ssh -W", tried));
  });
});

describeWithNetworks("a server whose :: accepts IPv6 only", () => {
  it("is reached over IPv4, directly and through ssh", async () => {
    await using pair = await startPair([]);
    await setSysctl(pair.network, "server", "net.ipv6.bindv6only=1");
    assertMatch(await pair.copy("push", ["-v"]), /data goes to 10\.77\.0\.2$/m);
    assertMatch(await pair.copy("pull", ["-v", "--tunnel", "always"]), /data comes from ssh \(ssh -W\)$/m);
  });
});

describeWithNetworks("a relay", () => {
  it("uses ssh only for the host that has no direct route", async () => {
    await using pair = await startPair(REJECT);
    await reportRejections(pair.network);
    await using near = await startSshd({ addresses: ["10.77.0.1"], namespace: pair.network.namespace("client") });
    await addHost(pair.sshd, "near", near);
    await using tree = await createTempTree(CONTENTS);
    const [from, to] = [`${tree.path}/from`, `${tree.path}/to`];
    for (const [source, target] of [[`near:${from}`, `testhost:${to}`], [`testhost:${from}`, `near:${to}-2`]]) {
      const { code, stderr, leftBehind } = await pair.run(["-t", "12", source, target]);
      assertEquals(code, 0, stderr);
      assertMatch(stderr, note("ssh -W", ".+"));
      assertEquals(await leftBehind(), []);
    }
    assertEquals(await compareTrees(from, to), []);
    assertEquals(await compareTrees(from, `${to}-2`), []);
  });
});

describeWithNetworks("a server behind a jump host", () => {
  it("is reached over IPv6 through each kind of ssh proxy", async () => {
    await using network = await createNetwork(["client", "jump", "server"], [
      { hosts: ["client", "jump"], addresses: ["10.77.0.1/24", "10.77.0.2/24"] },
      { hosts: ["jump", "server"], addresses: ["fd00:77::1/64", "fd00:77::2/64"] },
    ]);
    await using inner = await startSshd({ addresses: ["fd00:77::2"], namespace: network.namespace("server") });
    await using outer = await startSshd({
      addresses: ["10.77.0.2"],
      namespace: network.namespace("jump"),
      clientConfig: [
        "Host inner",
        "  ProxyJump testhost",
        "Host inner other",
        "  HostName fd00:77::2",
        `  Port ${inner.port}`,
        `  IdentityFile ${inner.keyPath}`,
        `  UserKnownHostsFile ${inner.configPath.replace("ssh_config", "known_hosts")}`,
      ],
    });
    const command = `ProxyCommand=ssh -F ${outer.configPath} -W [%h]:%p testhost`;
    const routes = [["inner"], ["other", "-J", "testhost"], ["other", "-o", command]];
    for (const [host, ...args] of routes) {
      const messages = await pairOf(network, { ...outer, sshOptions: [...outer.sshOptions, ...args] }, host).copy(
        "push",
      );
      assertMatch(messages, /^note: Data goes through ssh \(ssh -W\), because (inner|other) is behind a jump host\n$/);
      const forbidden = await pairOf(network, outer, host).run([
        ...args,
        ...["--tunnel", "never", import.meta.filename!, `${host}:`],
      ]);
      assertEquals(forbidden.code, 255, forbidden.stderr);
      assertMatch(forbidden.stderr, /^hint: Let the data go through ssh \(--tunnel auto\)$/m);
    }
    await inner.waitForNoSession();
    const addresses = Array.from(inner.log().matchAll(/Accepted publickey for \S+ from (\S+)/g), ([, from]) => from);
    assertEquals([...new Set(addresses)], ["fd00:77::1"]);
  });
});

describeWithNetworks("a server with a link-local address", () => {
  const [client, server] = ["fe80::77:1", "fe80::77:2"];
  const pair = pairOfSuite(async () => {
    const network = await createNetwork(["client", "server"], [
      { hosts: ["client", "server"], addresses: [`${client}/64`, `${server}/64`] },
    ]);
    // The zone has another name on each host.
    for (const [host, name] of [["client", "here0"], ["server", "there0"]]) {
      await network.ip(host, "link set cable0 down");
      await network.ip(host, `link set cable0 name ${name}`);
      await network.ip(host, `link set ${name} up`);
    }
    for (const [host, address] of [["client", `${client}/64 dev here0`], ["server", `${server}/64 dev there0`]]) {
      await network.ip(host, `addr replace ${address} nodad`);
    }
    const sshd = await startSshd({ addresses: [`${server}%there0`], namespace: network.namespace("server") });
    await setAddress(sshd, `${server}%here0`);
    return pairOf(network, sshd, "testhost");
  });

  for (const engine of ENGINES) {
    for (const direction of ["push", "pull"] as const) {
      const name = `is reached directly over the zone that ssh uses (${direction}, ${engine})`;
      it(name, async () => {
        const messages = await pair.copy(direction, ["-v", "--tunnel", "never", "--engine", engine]);
        assertMatch(messages, /data (goes to|comes from) fe80::77:2%here0$/m);
      });
    }
  }

  it("is reached by an address on the command line, and by --reverse", async () => {
    const operand = `[${server}%here0]`;
    const { run } = pair;
    const args = ["-v", "--tunnel", "never", "-P", `${pair.sshd.port}`];
    for (const more of [[], ["--reverse"], ["--data-address", `${server}%here0`]]) {
      const { code, stderr } = await run([...args, ...more, import.meta.filename!, `${operand}:copy`]);
      assertEquals(code, 0, stderr);
      assertMatch(stderr, /data goes to fe80::77:/);
    }
  });
});

describeWithNetworks("a server with IPv6 only", () => {
  const pair = pairOfSuite(async () => {
    const network = await createNetwork(["client", "server"], [
      { hosts: ["client", "server"], addresses: ["fd00:78::1/64", "fd00:78::2/64"] },
    ]);
    const sshd = await startSshd({ addresses: ["fd00:78::2"], namespace: network.namespace("server") });
    return pairOf(network, sshd, "testhost");
  });

  it("is reached directly", async () => {
    assertEquals(await pair.copy("push"), "");
    assertMatch(await pair.copy("pull", ["-6v"]), /data comes from fd00:78::2$/m);
  });

  it("is reached through ssh if its ports are closed", async () => {
    for (const rule of closed("blackhole")) await pair.network.ip("server", `-6 ${rule}`);
    for (const direction of ["push", "pull"] as const) {
      assertMatch(
        await pair.copy(direction),
        note("ssh -W", "\\[fd00:78::2\\]:\\d+: no answer; testhost:\\d+: no answer"),
      );
    }
  });
});
