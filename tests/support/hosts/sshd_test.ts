import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { describeWithSshd } from "./needs_sshd.ts";
import { PrintedText } from "../escp/printed_text.ts";
import { startSshd } from "./sshd.ts";

async function ssh(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command("ssh", { args, stdin: "null" }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

describeWithSshd("startSshd", () => {
  it("accepts the key of its user and logs the login", async () => {
    await using sshd = await startSshd();
    assertEquals(await ssh(...sshd.sshOptions, "testhost", "true"), { code: 0, stdout: "", stderr: "" });
    assertMatch(sshd.log(), /Accepted publickey for /);
  });

  it("gives remote commands its PATH, its HOME and the given variables", async () => {
    await using sshd = await startSshd({ environment: { GREETING: "a b" } });
    const command = 'echo "$HOME"; command -v escp; echo "$GREETING"';
    const { stdout } = await ssh(...sshd.sshOptions, "testhost2", command);
    assertEquals(stdout, `${sshd.home}\n${sshd.binDirectory}/escp\na b\n`);
  });

  it("starts a server without escp on request", async () => {
    await using sshd = await startSshd({ escp: false });
    assertEquals((await ssh(...sshd.sshOptions, "testhost", "escp")).code, 127);
  });

  it("lets given lines of configuration override its own", async () => {
    await using sshd = await startSshd({
      serverConfig: ["ForceCommand echo forced"],
      clientConfig: ["Host alias", "  HostName 127.0.0.1", "  HostKeyAlias unknown", "  StrictHostKeyChecking yes"],
    });
    assertEquals((await ssh(...sshd.sshOptions, "testhost", "true")).stdout, "forced\n");
    assertEquals((await ssh(...sshd.sshOptions, "-p", `${sshd.port}`, "alias", "true")).code, 255);
  });

  it("starts several servers on different ports", async () => {
    await using first = await startSshd();
    await using second = await startSshd();
    assertNotEquals(first.port, second.port);
  });

  it("leaves no process when it is disposed of or connections are cut", async () => {
    await using sshd = await startSshd();
    const started = () => {
      const client = new Deno.Command("ssh", {
        args: [...sshd.sshOptions, "testhost", "echo started; exec sleep 1000"],
        stdin: "null",
        stdout: "piped",
        stderr: "null",
      }).spawn();
      return { client, stdout: new PrintedText(client.stdout) };
    };
    const cut = started();
    await cut.stdout.waitFor(/started/);
    assertEquals((await sshd.sessions()).length, 1);
    await sshd.cutConnections();
    assertEquals((await cut.client.status).code, 255);
    await sshd.waitForNoSession();

    const ended = started();
    await ended.stdout.waitFor(/started/);
    await sshd[Symbol.asyncDispose]();
    assertEquals((await ended.client.status).code, 255);
    assertEquals(await sshd.sessions(), []);
    await Promise.all([cut.stdout.ended, ended.stdout.ended]);
    assert(!await Deno.stat(sshd.home).then(() => true, () => false));
  });
});
