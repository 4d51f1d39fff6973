import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { readSshSettings, type SshSettings } from "../../src/ssh/ssh_settings.ts";
import { createTempTree } from "../support/temp_tree.ts";

const OPTIONS = { identities: [], options: [], batch: true, forwardAgent: false, quiet: false, verbose: 0 };

/** What the program in the place of ssh does, and what is made of it. */
const PROGRAMS: [name: string, script: string, settings: SshSettings][] = [
  ["answers", "echo 'hostname inner'; echo 'ciphers a,b'; echo 'port 22'", { hostname: "inner", ciphers: ["a", "b"] }],
  ["fails", "echo 'hostname inner'; exit 1", { ciphers: [] }],
  // Its end is not the end of its output, so that there is nobody to be killed when patience ends.
  ["leaves a child that holds its output open", "sleep 5 &\nexit 0", { ciphers: [] }],
];

describe("the settings of ssh for a host", () => {
  for (const [name, script, settings] of PROGRAMS) {
    it(`when ssh ${name}`, { sanitizeOps: false, sanitizeResources: false }, async () => {
      await using tree = await createTempTree({ "ssh": { content: `#!/bin/sh\n${script}\n`, mode: 0o755 } });
      const found: SshSettings = await readSshSettings({ ...OPTIONS, program: `${tree.path}/ssh` }, { host: "outer" });
      assertEquals(found, settings);
    });
  }

  it("when there is no ssh", async () => {
    assertEquals(await readSshSettings({ ...OPTIONS, program: "/nowhere/ssh" }, { host: "outer" }), { ciphers: [] });
  });
});
