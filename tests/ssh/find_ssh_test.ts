import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { findSsh, knowsSessionSettings } from "../../src/ssh/find_ssh.ts";
import { sshCommand } from "../../src/ssh/command.ts";
import { createTempTree } from "../support/files/temp_tree.ts";

describe("findSsh", { ignore: Deno.build.os === "windows" }, () => {
  it("takes the first program of that name in the PATH", async () => {
    await using tree = await createTempTree({
      "one/ssh": "not executable",
      "two/ssh": { content: "#!/bin/sh\n", mode: 0o755 },
      "three/ssh": { content: "#!/bin/sh\n", mode: 0o755 },
    });
    const path = ["", "/no/such", "one", "two", "three"].map((name) => name && `${tree.path}/${name}`).join(":");
    assertEquals(findSsh("ssh", path), `${tree.path}/two/ssh`);
  });

  it("looks in /usr/bin and /bin if the PATH is empty", () => {
    for (const path of ["", ":", "/no/such"]) assertEquals(findSsh("sh", path).replace("/usr", ""), "/bin/sh");
  });

  it("returns a path and an unknown name unchanged", () => {
    assertEquals(findSsh("/opt/ssh", ""), "/opt/ssh");
    assertEquals(findSsh("./ssh", ""), "./ssh");
    assertEquals(findSsh("no-such-ssh", ""), "no-such-ssh");
  });
});

describe("knowsSessionSettings", { ignore: Deno.build.os === "windows" }, () => {
  it("is false for a script, for an older ssh, and for a missing program", async () => {
    await using tree = await createTempTree({
      script: "#!/bin/sh\n# forkafterauthentication\n",
      old: "\x7fELF permitlocalcommand",
    });
    for (const name of ["script", "old", "none"]) {
      assertEquals(knowsSessionSettings(`${tree.path}/${name}`), false, name);
    }
  });

  it("is right about the ssh of this machine", async () => {
    const path = findSsh("ssh");
    const { success } = await new Deno.Command(path, {
      args: ["-F", "none", "-oForkAfterAuthentication=no", "-G", "host"],
      stdout: "null",
      stderr: "null",
    }).output();
    assertEquals(knowsSessionSettings(path), success);
  });

  it("decides whether these settings are part of the command", async () => {
    await using tree = await createTempTree({ old: "\x7fELF", "new": "\x7fELF stdinnull forkafterauthentication" });
    const settings = (name: string) => {
      const options = { program: `${tree.path}/${name}`, identities: [], options: [], batch: false };
      const { args } = sshCommand({ ...options, forwardAgent: false, quiet: false, verbose: 0 }, { host: "h" }, "x");
      return args.filter((arg) => /StdinNull|SessionType|Fork/.test(arg));
    };
    assertEquals(settings("old"), []);
    assertEquals(settings("new"), ["-oStdinNull=no", "-oSessionType=default", "-oForkAfterAuthentication=no"]);
  });
});
