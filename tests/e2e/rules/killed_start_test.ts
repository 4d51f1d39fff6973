import { assert, assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { runEscp } from "../../support/escp/escp_command.ts";
import { lastEvent } from "../../support/escp/json_events.ts";
import { describeWithSshd } from "../../support/hosts/needs_sshd.ts";
import { writeScript } from "../../support/shell_script.ts";
import { sshdOfSuite, startSshd } from "../../support/hosts/sshd.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

describeWithSshd("a remote escp that is killed before its hello", () => {
  for (const shell of ["/bin/sh", "/bin/bash"]) {
    it(`is not reported as a failed login (${shell})`, async () => {
      await using sshd = await startSshd({ forceCommand: `${shell} -c "$SSH_ORIGINAL_COMMAND"` });
      await using tree = await createTempTree({ a: "a" });
      await writeScript(`${sshd.binDirectory}/escp`, "kill -9 $$");
      const { code, stderr } = await runEscp([...sshd.sshOptions, `${tree.path}/a`, "testhost:b"]);
      assertEquals(code, 255, stderr);
      assertMatch(stderr, /^escp: Cannot start escp on testhost: (a signal killed escp|it ended with status 137)/m);
      assertMatch(stderr, /^hint: Check the memory of that host: its kernel log \(dmesg\) names/m);
      assert(!stderr.includes("log in"), stderr);
    });
  }

  it("because of ulimit -v is reported with that limit", async () => {
    await using sshd = await startSshd({ forceCommand: `sh -c "ulimit -v 8388608; $SSH_ORIGINAL_COMMAND"` });
    await using tree = await createTempTree({ a: "a" });
    for (const operands of [[`${tree.path}/a`, "testhost:b"], ["testhost:b", tree.path]]) {
      const { code, stderr } = await runEscp([...sshd.sshOptions, ...operands]);
      assertEquals(code, 255, stderr);
      assertMatch(stderr, /^escp: Cannot start escp on testhost: /m);
      assertMatch(stderr, /^hint: .* "ulimit -v" on that host allows 8\.0 GiB: raise that limit$/m);
    }
    const named = await runEscp([...sshd.sshOptions, "-D", "~/../bin/escp", `${tree.path}/a`, "testhost:b"]);
    assertEquals(named.code, 255, named.stderr);
    assertMatch(named.stderr, /^escp: Cannot start escp on testhost: /m);
    assertMatch(named.stderr, /^hint: Raise "ulimit -v" on that host/m);
  });
});

describeWithSshd("a failed login", () => {
  const server = sshdOfSuite();

  it("is reported with the last line of ssh in JSON", async () => {
    const { code, stdout, stderr } = await runEscp([
      ...server.sshd.sshOptions,
      ...["-B", "--json", "-o", "PubkeyAuthentication=no", "/etc/passwd", "testhost:b"],
    ]);
    assertEquals(code, 255, stderr);
    const { host, reason } = lastEvent(stdout);
    assertEquals(host, "testhost");
    assertMatch(reason, /Permission denied \(publickey\)/);
    // The message of ssh is still printed.
    assertMatch(stderr, /^.*Permission denied.*\r?\nescp: Cannot log in to testhost/);
  });

  it("without a message of ssh has a hint", async () => {
    const args = [...server.sshd.sshOptions, "-B", "-q", "-o", "PubkeyAuthentication=no", "/etc/passwd", "testhost:b"];
    const { code, stderr } = await runEscp(args);
    assertEquals(code, 255, stderr);
    assertMatch(
      stderr,
      /^escp: Cannot log in to testhost: ssh failed \(status 255\) without a message\nhint: Run again/,
    );
  });
});
