import { assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { runEscp } from "../../support/escp/escp_command.ts";
import { describeWithSshd } from "../../support/hosts/needs_sshd.ts";
import { sshdOfSuite, startSshd } from "../../support/hosts/sshd.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

describeWithSshd("a user's ssh configuration", () => {
  const server = sshdOfSuite();

  const SETTINGS = [
    "StdinNull yes\n  RequestTTY force\n  LogLevel QUIET",
    "SessionType none\n  RemoteCommand cat\n  EscapeChar a",
    "SessionType subsystem\n  Tunnel point-to-point\n  LocalForward 127.0.0.1:1 127.0.0.1:2\n  ExitOnForwardFailure yes",
    "ForkAfterAuthentication yes\n  PermitLocalCommand yes\n  LocalCommand echo from LocalCommand\n  ForwardX11 yes",
    "ControlMaster auto\n  ControlPath DIRECTORY/control\n  ControlPersist 1",
  ];
  for (const setting of SETTINGS) {
    it(`does not break a session: ${setting.replaceAll("\n ", ",")}`, async () => {
      await using tree = await createTempTree({ "from/a": "a", "from/b": { size: 3 << 20, seed: 1 } });
      const config = await Deno.readTextFile(server.sshd.configPath);
      await Deno.writeTextFile(
        `${tree.path}/config`,
        `Host *\n  ${setting.replace("DIRECTORY", tree.path)}\n${config}`,
      );
      const copy = async (...args: string[]) => {
        const { code, stderr, leftBehind } = await runEscp(["-F", `${tree.path}/config`, "-r", ...args], {
          timeoutMs: 40_000,
        });
        assertEquals({ code, stderr: stderr.replace(/.*DISPLAY.*\n/, "") }, { code: 0, stderr: "" });
        if (!setting.includes("ControlMaster")) assertEquals(await leftBehind(), []);
      };
      await copy(`${tree.path}/from`, `testhost:${tree.path}/to`);
      await copy("--tunnel=always", `testhost:${tree.path}/from`, `${tree.path}/pulled`);
      assertEquals(await compareTrees(`${tree.path}/from`, `${tree.path}/to`), []);
      assertEquals(await compareTrees(`${tree.path}/from`, `${tree.path}/pulled`), []);
    });
  }

  it("is used with an empty PATH, and without one", async () => {
    await using tree = await createTempTree({ a: "a" });
    for (const PATH of ["", undefined]) {
      const operands = [`${tree.path}/a`, `testhost:${tree.path}/b`];
      const { code, stderr } = await runEscp([...server.sshd.sshOptions, ...operands], { env: { PATH } });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      await Deno.remove(`${tree.path}/b`);
    }
  });
});

describeWithSshd("a session that ends right after the hello", () => {
  it("is an error at once, with a hint", async () => {
    await using sshd = await startSshd({ forceCommand: "escp --receiver </dev/null" });
    await using tree = await createTempTree({ a: "a" });
    const attempts = [[`${tree.path}/a`, "testhost:b"], ["testhost:b", `${tree.path}/c`]];
    for (const operands of attempts) {
      const { code, stderr } = await runEscp([...sshd.sshOptions, ...operands]);
      assertEquals(code, 255, stderr);
      assertMatch(
        stderr,
        /^escp: Cannot start escp on testhost: its session ended right after escp had started \(status \d+\)\nhint: .*\n$/,
      );
    }
  });
});
