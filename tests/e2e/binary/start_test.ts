import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { quoteWord } from "../../../src/ssh/shell_quote.ts";
import {
  alteredEscp,
  escpCommand,
  type EscpResult,
  runEscp,
  startEscp,
  useAsEscp,
} from "../../support/escp/escp_command.ts";
import { describeWithSshd } from "../../support/hosts/needs_sshd.ts";
import { writeScript, writeWrapper } from "../../support/shell_script.ts";
import { sshdOfSuite, startSshd } from "../../support/hosts/sshd.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

describe("a current directory whose path is not UTF-8", { ignore: Deno.build.os !== "linux" }, () => {
  it("is refused with the reason and a hint, except for texts", async () => {
    await using tree = await createTempTree({ file: "file" });
    const run = (...args: string[]) => {
      const enter = 'mkdir -p "$0" && cd "$0" && exec "$@"';
      const directory = `"$(printf '${tree.path}/bad\\377')"`;
      const command = ["sh", "-c", `exec sh -c "$0" ${directory} "$@"`, enter, ...escpCommand()];
      return runEscp(args, { command });
    };
    for (const args of [["-r", tree.path, `${tree.path}-copy`], [`${tree.path}/file`, "copy"], ["--clean", "."]]) {
      const { code, stderr } = await run(...args);
      assertEquals([code, stderr.split("\n")], [1, [
        "escp: Cannot start in the current directory: its path is not UTF-8",
        "hint: Change to another directory (cd), and name its files by absolute paths",
        "",
      ]]);
    }
    const { code, stdout } = await run("-V");
    assertEquals(code, 0);
    assertMatch(stdout, /^escp /);
  });
});

describe("an invalid command line", () => {
  const LINES: string[][] = [
    [],
    ["only"],
    ["--no-such-option", "a", "b"],
    ["-t", "0", "a", "b"],
    ["-t", "many", "a", "b"],
    ["--cipher", "rot13", "a", "b"],
    ["", "b"],
    ["-3R", "host:a", "other:b"],
    ["--escp-port=5", "--escp-portrange=6-7", "a", "host:b"],
    ["--", "-oProxyCommand=x:a", "."],
    ["-4", "-6", "a", "host:b"],
  ];
  it("exits with status 2 and the reason", async () => {
    await Promise.all(LINES.map(async (args) => {
      const { code, stdout, stderr } = await runEscp(args);
      assertEquals({ code, stdout }, { code: 2, stdout: "" }, `${args}: ${stderr}`);
      assertMatch(stderr, /^escp: .+\n(hint: .+\n)?$/, `${args}`);
    }));
  });
});

describeWithSshd("a session that cannot start", () => {
  const server = sshdOfSuite();

  async function push(...args: string[]): Promise<EscpResult> {
    await using tree = await createTempTree({ "a": "a" });
    const result = await runEscp([
      ...server.sshd.sshOptions,
      "-B",
      ...args.slice(0, -1),
      `${tree.path}/a`,
      args.at(-1)!,
    ]);
    assertEquals(await result.leftBehind(), []);
    return result;
  }

  it("because ssh cannot resolve the host exits with 255 and the message of ssh", async () => {
    const { code, stderr } = await push("no-such-host.invalid:");
    assertEquals(code, 255, stderr);
    assertMatch(stderr, /ssh: Could not resolve hostname no-such-host\.invalid/);
    assertMatch(stderr, /^escp: Cannot log in to no-such-host\.invalid/m);
  });

  it("because the port is closed exits with 255 and the message of ssh", async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const { code, stderr } = await push("-P", `${port}`, "127.0.0.1:");
    assertEquals(code, 255, stderr);
    assertStringIncludes(stderr, "Connection refused");
  });

  it("because the key is refused exits with 255 and the message of ssh", async () => {
    const { code, stderr } = await push("-i", "/dev/null", "-o", "PubkeyAuthentication=no", "testhost:");
    assertEquals(code, 255, stderr);
    assertStringIncludes(stderr, "Permission denied");
  });

  it("because escp is missing exits with 255 and a hint how to install it", async () => {
    await using bare = await startSshd({ escp: false });
    const { code, stderr } = await runEscp([...bare.sshOptions, "--bootstrap=never", "/etc/passwd", "testhost:"]);
    assertEquals(code, 255, stderr);
    assertMatch(stderr, /^escp: Cannot start escp on testhost: it is not installed there/m);
    assertMatch(stderr, /^hint: Put escp into a directory of the PATH on that host/m);
    for (const path of ["/no/such/escp", "no-such-escp"]) {
      const other = await push("-D", path, "testhost:");
      assertEquals(other.code, 255, other.stderr);
      assertMatch(other.stderr, /not installed there/);
      assertMatch(other.stderr, /^hint: Check the path of -D, or omit -D/m);
    }
  });

  it("because escp is not executable exits with 255 and the reason", async () => {
    await Deno.writeTextFile(`${server.sshd.home}/not executable`, "");
    const { code, stderr } = await push("-D", "~/not executable", "testhost:");
    assertEquals(code, 255, stderr);
    assertMatch(stderr, /may not be executed there/);
  });
});

describeWithSshd("output of a login script before escp", () => {
  const server = sshdOfSuite();

  async function pushWith(noise: string): Promise<EscpResult> {
    const path = `${server.sshd.binDirectory}/${crypto.randomUUID()}`;
    await writeScript(path, noise, 'exec escp "$@"');
    await using tree = await createTempTree({ "a": "a" });
    return await runEscp([...server.sshd.sshOptions, "-D", path, `${tree.path}/a`, "testhost:noise"]);
  }

  for (
    const [name, noise] of [
      ["with a line break", "echo Welcome; echo"],
      ["without a line break", "printf 'Last login: today'"],
      ["of binary bytes", "head -c 999 /dev/urandom"],
      ["similar to a hello", "echo 'escp-hello?'; printf escp-hello"],
      ["of 60 KiB", "head -c 61440 /dev/zero | tr '\\0' '\\n'"],
    ]
  ) {
    it(`is skipped: ${name}`, async () => {
      const { code, stderr } = await pushWith(noise);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
    });
  }

  for (
    const [name, noise] of [
      ["in lines", "head -c 70000 /dev/zero | tr '\\0' '\\n'"],
      ["in one line", "head -c 70000 /dev/zero"],
      ["endless", "cat /dev/zero"],
    ]
  ) {
    it(`is refused from 64 KiB on: ${name}`, async () => {
      const { code, stderr } = await pushWith(noise);
      assertEquals(code, 255, stderr);
      assertMatch(stderr, /^escp: Cannot start escp on testhost: .*too much output/m);
      await server.sshd.waitForNoSession();
    });
  }
});

describe("a program instead of ssh", () => {
  /** Runs `escp -S` with this shell script. */
  async function using(script: string, run: (args: string[], directory: string) => Promise<void>): Promise<void> {
    await using tree = await createTempTree({ "a": "a", "ssh": { content: `#!/bin/sh\n${script}\n`, mode: 0o755 } });
    await run(["-S", `${tree.path}/ssh`, `${tree.path}/a`, `127.0.0.1:${tree.path}/b`], tree.path);
  }

  const FAILING: [name: string, script: string, message: RegExp][] = [
    ["exits at once", "exit 3", /it ended with status 3 before it sent a hello/],
    ["prints text and exits", "echo Nonsense; exit 0", /before it sent a hello; its output: Nonsense/],
    ["prints control characters", "printf '\\033[2Jx\\n'; exit 1", /its output: \\x1b\[2Jx/],
    ["is killed", "kill -9 $$", /it ended with (signal SIGKILL|status 137)/],
    ["sends an empty hello", "echo 'escp-hello {}'; cat", /Cannot use escp on 127\.0\.0\.1: .*/],
    ["sends a hello that is not JSON", "echo 'escp-hello {'; cat", /Cannot use escp on 127\.0\.0\.1: .*/],
    ["closes its output and keeps running", "exec >&-; exec sleep 100", /before it sent a hello/],
  ];
  for (const [name, script, message] of FAILING) {
    it(`that ${name} is an error`, async () => {
      await using(script, async (args) => {
        const { code, stderr, leftBehind } = await runEscp(args);
        assertEquals(code, 255, stderr);
        assertMatch(stderr, message);
        assert(!stderr.includes("\x1b"), stderr);
        assertEquals(await leftBehind(), []);
      });
    });
  }

  it("that is missing is an error", async () => {
    const { code, stderr } = await runEscp(["-S", "/no/such/ssh", "a", "host:"]);
    assertEquals(code, 255, stderr);
    assertMatch(stderr, /^escp: Cannot start \/no\/such\/ssh: it is not installed\nhint: /);
  });

  it("that never answers can be interrupted with Ctrl-C", async () => {
    await using("echo waiting >&2; exec sleep 100", async (args) => {
      await using running = await startEscp(args);
      await running.waitForText("stderr", /waiting/);
      running.kill("SIGINT");
      const { code, leftBehind } = await running.result;
      assertEquals(code, 130);
      assertEquals(await leftBehind(), []);
    });
  });

  it("that speaks other versions is accepted if one version is common", async () => {
    await using(receiverOfVersions([1, 7]), async (args, directory) => {
      const { code, stderr } = await runEscp(args);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(await Deno.readTextFile(`${directory}/b`), "a");
    });
  });

  it("that speaks only other versions is refused with the versions of both", async () => {
    await using(receiverOfVersions([7, 8]), async (args) => {
      const { code, stderr } = await runEscp(["--bootstrap=never", ...args]);
      assertEquals(code, 255, stderr);
      assertMatch(stderr, /version 7, 8.*\b1\b/);
      assertMatch(stderr, /^hint: Install the same version/m);
    });
  });

  it("that is older than the client is accepted", async () => {
    await using tree = await createTempTree({});
    const newer = await writeWrapper(`${tree.path}/newer`, alteredEscp("other_versions.ts", "[1,2]"));
    await using(receiverOfVersions([1]), async (args, directory) => {
      using _ = useAsEscp(newer);
      const { code, stderr } = await runEscp(args);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(await Deno.readTextFile(`${directory}/b`), "a");
    });
  });
});

/** Returns a line of shell that becomes a receiver that speaks these versions of the protocol. */
function receiverOfVersions(versions: number[]): string {
  const command = alteredEscp("other_versions.ts", JSON.stringify(versions), "--receiver");
  return `exec ${command.map(quoteWord).join(" ")}`;
}
