import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { sshCommand, type SshOptions } from "../../src/ssh/command.ts";

const PLAIN: SshOptions = {
  program: "/no/such/ssh",
  identities: [],
  options: [],
  batch: false,
  forwardAgent: false,
  quiet: false,
  verbose: 0,
};

const ALWAYS = [
  "-x",
  "-oPermitLocalCommand=no",
  "-oClearAllForwardings=yes",
  "-oTunnel=no",
  "-oRemoteCommand=none",
  "-oRequestTTY=no",
];

describe("sshCommand", () => {
  it("runs the command on the host and disables the same features as scp", () =>
    assertEquals(sshCommand(PLAIN, { host: "h" }, "escp --receiver"), {
      program: "/no/such/ssh",
      args: [...ALWAYS, "-oForwardAgent=no", "--", "h", "escp --receiver"],
    }));

  it("passes every option to ssh", () => {
    const options: SshOptions = {
      program: "/opt/my ssh",
      port: 2222,
      identities: ["k1", "-k2"],
      configFile: "cfg",
      jump: "a,b",
      options: ["A=1", "B 2"],
      cipher: "aes128-ctr",
      addressFamily: "ipv6",
      batch: true,
      forwardAgent: true,
      quiet: true,
      verbose: 2,
    };
    assertEquals(sshCommand(options, { host: "::1", user: "u" }, "x"), {
      program: "/opt/my ssh",
      args: [
        ...ALWAYS,
        ...["-q", "-v", "-v", "-6", "-oBatchMode=yes", "-o", "A=1", "-o", "B 2", "-i", "k1", "-i", "-k2"],
        ...["-F", "cfg", "-J", "a,b", "-c", "aes128-ctr", "-A", "-p", "2222", "-l", "u", "--", "::1", "x"],
      ],
    });
  });

  it("prefers the port of the operand", () => {
    const { args } = sshCommand({ ...PLAIN, port: 1 }, { host: "h", port: 2 }, "x");
    assertEquals(args[args.indexOf("-p") + 1], "2");
  });

  it('puts "--" before the host, so that it is never taken for an option', () => {
    const { args } = sshCommand(PLAIN, { host: "h", user: "-u" }, "x");
    assertEquals(args.slice(-5), ["-l", "-u", "--", "h", "x"]);
  });

  it("passes at most three -v to ssh", () =>
    assertEquals(sshCommand({ ...PLAIN, verbose: 9 }, { host: "h" }, "x").args.filter((a) => a === "-v").length, 3));

  it("builds a command whose settings ssh -G reports", { ignore: !hasSsh() }, async () => {
    const options: SshOptions = {
      ...PLAIN,
      program: "ssh",
      port: 2222,
      options: [
        "Compression=yes",
        "Tunnel=ethernet",
        "StdinNull=yes",
        "SessionType=none",
        "ForkAfterAuthentication=yes",
      ],
      batch: true,
      configFile: "none",
    };
    const { program, args } = sshCommand(options, { host: "::1", user: "bob" }, "escp --receiver");
    const { stdout } = await new Deno.Command(program, { args: ["-G", ...args], stderr: "inherit" }).output();
    const lines = new TextDecoder().decode(stdout).split("\n");
    for (const line of ["user bob", "hostname ::1", "port 2222", "batchmode yes", "compression yes"]) {
      assertEquals(lines.includes(line), true, line);
    }
    const disabled = ["forwardagent no", "clearallforwardings yes", "permitlocalcommand no", "requesttty false"];
    const session = ["tunnel false", "stdinnull no", "sessiontype default", "forkafterauthentication no"];
    for (const line of [...disabled, ...session]) {
      assertEquals(lines.includes(line), true, line);
    }
  });
});

function hasSsh(): boolean {
  try {
    return new Deno.Command("ssh", { args: ["-V"], stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
