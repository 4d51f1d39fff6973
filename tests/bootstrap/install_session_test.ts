import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { withInstallSession } from "../../src/bootstrap/install_session.ts";
import { StartError } from "../../src/errors.ts";

/** Runs a script by a process that ends like ssh when the connection is lost. Returns the error. */
async function errorOf(script: string): Promise<StartError> {
  const command = { program: "sh", args: ["-c", "sh; exit 255"], name: "far" };
  const options = { command, patience: { timeoutMs: 60_000 }, signal: new AbortController().signal };
  return await assertRejects(() => {
    return withInstallSession("install", options, (session) => session.begin(`${script}; exit\n`));
  }, StartError);
}

describe("withInstallSession", { ignore: Deno.build.os === "windows" }, () => {
  it("reports a failed login if ssh ends with status 255 before the script has printed anything", async () => {
    for (const script of [":", "echo Welcome"]) {
      const { name, message } = await errorOf(script);
      assertEquals(name, "NoLogin");
      assertEquals(message, "Cannot log in to far: ssh failed (status 255); see its message above");
    }
  });

  it("reports a lost connection if ssh ends with status 255 after the script has printed a line", async () => {
    const { name, message } = await errorOf("echo Welcome; echo escp-install gzip");
    assertEquals(name, "StartError");
    assertEquals(message, "Cannot install escp on far: the connection was lost, or a signal killed sh (status 255)");
  });
});
