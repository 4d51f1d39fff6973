import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { readSshSettings, type SshSettings } from "../../src/ssh/settings.ts";
import { createTempTree } from "../support/files/temp_tree.ts";

const OPTIONS = { identities: [], options: [], batch: true, forwardAgent: false, quiet: false, verbose: 0 };

/** Programs that replace ssh, and the resulting settings. */
const PROGRAMS: [name: string, script: string, settings: SshSettings][] = [
  ["prints settings", "echo 'hostname inner'; echo 'ciphers a,b'; echo 'port 22'", {
    hostname: "inner",
    ciphers: ["a", "b"],
    isProxied: false,
  }],
  ["prints a jump host", "echo 'proxyjump gate'", { ciphers: [], isProxied: true }],
  ["prints a proxy", "echo 'proxycommand nc %h %p'", { ciphers: [], isProxied: true }],
  ["prints no proxy", "echo 'proxycommand none'", { ciphers: [], isProxied: false }],
  ["fails", "echo 'hostname inner'; exit 1", { ciphers: [], isProxied: false }],
  // The program itself exits, so there is no process to kill after the timeout.
  ["leaves a child that keeps its output open", "sleep 5 &\nexit 0", { ciphers: [], isProxied: false }],
];

describe("readSshSettings", () => {
  for (const [name, script, settings] of PROGRAMS) {
    it(
      `returns ${JSON.stringify(settings)} if ssh ${name}`,
      { sanitizeOps: false, sanitizeResources: false },
      async () => {
        await using tree = await createTempTree({ "ssh": { content: `#!/bin/sh\n${script}\n`, mode: 0o755 } });
        const found: SshSettings = await readSshSettings({ ...OPTIONS, program: `${tree.path}/ssh` }, {
          host: "outer",
        });
        assertEquals(found, settings);
      },
    );
  }

  it("counts a jump host of the command line, except none", async () => {
    for (const [jump, isProxied] of [["gate", true], ["none", false], ["None", false]] as const) {
      const options = { ...OPTIONS, program: "/nowhere/ssh", jump };
      assertEquals((await readSshSettings(options, { host: "outer" })).isProxied, isProxied, jump);
    }
  });

  it("returns no settings if ssh is not installed", async () => {
    assertEquals(await readSshSettings({ ...OPTIONS, program: "/nowhere/ssh" }, { host: "outer" }), {
      ciphers: [],
      isProxied: false,
    });
  });
});
