import { assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { libcryptoPath, openLibcrypto } from "../../../src/native/lib/libcrypto.ts";
import { runEscp } from "../../support/escp/escp_command.ts";
import { listNames } from "../../support/files/list_names.ts";
import { describeWithScene, ENGINES } from "../../support/scene.ts";
import { writeWrapper } from "../../support/shell_script.ts";

const MISSING = "/nowhere/libcrypto.so.3";
const ERROR =
  /^escp: .*Cannot use the native cipher: Cannot open the library of ESCP_LIBCRYPTO: \/nowhere\/libcrypto\.so\.3: cannot open/m;

// Opened here, because the library stays open and would count as a leak of a test.
const path = ENGINES.includes("native") ? libcryptoPath(openLibcrypto()) : undefined;

describeWithScene("ESCP_LIBCRYPTO", (scene) => {
  /** Pushes a file through ssh with this library at one end. */
  async function push(end: "local" | "remote", library: string, engine = "auto") {
    const [from, to] = [await scene.tree({ file: "contents" }), await scene.tree()];
    const env = { ESCP_ENGINE: engine, ...(end === "local" ? { ESCP_LIBCRYPTO: library } : {}) };
    const remote = `${to}-escp`;
    const exports = [`export ESCP_ENGINE=${engine}`, ...(end === "remote" ? [`export ESCP_LIBCRYPTO=${library}`] : [])];
    await writeWrapper(remote, [`${scene.sshd.binDirectory}/escp`], ...exports);
    const args = [...scene.sshd.sshOptions, "-D", remote, `${from}/file`, `testhost:${to}/`];
    const { code, stderr } = await runEscp(args, { env });
    return { code, stderr, names: listNames(to) };
  }

  it("is the library that --version names", { ignore: path === undefined }, async () => {
    const { code, stdout } = await runEscp(["-V", "-v"], { env: { ESCP_LIBCRYPTO: path!, ESCP_ENGINE: undefined } });
    assertEquals(code, 0);
    assertEquals(/^ *cipher engine +native \(.*, (.*)\)$/m.exec(stdout)?.[1], path);
  });

  for (const [end, status] of [["local", 1], ["remote", 255]] as const) {
    it(`ends a copy with an error if the library cannot be opened at the ${end} end`, async () => {
      const { code, stderr, names } = await push(end, MISSING);
      assertMatch(stderr, ERROR);
      assertMatch(stderr, /^hint: Set ESCP_LIBCRYPTO to .*, or unset it/m);
      assertEquals([code, names], [status, []]);
    });

    it(`is ignored by the portable engine at the ${end} end`, async () => {
      assertEquals(await push(end, MISSING, "portable"), { code: 0, stderr: "", names: ["file"] });
    });
  }
});
