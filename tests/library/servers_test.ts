/** Programs that copy to and from `escp --serve`. They run in processes of their own, in which nothing has used TLS before. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { fromFileUrl, relative } from "@std/path";
import type { CopyOptions } from "../../src/mod.ts";
import { escpEnvironment } from "../support/escp/escp_command.ts";
import { compareTrees } from "../support/files/compare_trees.ts";
import { type TempDirectory } from "../support/files/temp.ts";
import { createTempTree, writeTree } from "../support/files/temp_tree.ts";
import { type Serving, startServing } from "../support/hosts/serving.ts";

const LIBRARY = fromFileUrl(new URL("../../src/mod.ts", import.meta.url));
const TREE = { small: "small", "directory/large": { size: 5 << 20, seed: 7 } };

/** Calls a function of the library, and prints its outcome. Watches the environment meanwhile. */
const PROGRAM = `
import * as escp from "@escp/escp";
const [name, ...args] = JSON.parse(Deno.args[0]);
let keepsEnvironment = true;
for (const change of ["set", "delete"]) {
  const original = Deno.env[change];
  Deno.env[change] = (...args) => {
    keepsEnvironment = false;
    return original.apply(Deno.env, args);
  };
}
const outcome = await escp[name](...args).then(({ files, failed, steps }) => ({ files, failed, steps }), (error) => {
  const { name, message, hint, fingerprint, known } = error;
  return { error: { name, message, hint, fingerprint, known, isStartError: error instanceof escp.StartError } };
});
console.log(JSON.stringify({ ...outcome, keepsEnvironment }));
`;

/** Output of the program. */
interface Outcome {
  files?: number;
  failed?: number;
  error?: {
    name: string;
    message: string;
    hint?: string;
    fingerprint?: string;
    known?: string[];
    isStartError: boolean;
  };
  keepsEnvironment: boolean;
}

describe("a program", () => {
  let serving: Serving;
  let program: TempDirectory;
  let fingerprint: string;
  beforeAll(async () => {
    serving = await startServing();
    fingerprint = / certificate (SHA256:\S{43})/.exec(serving.server.printed.stderr)![1];
    await writeTree(`${serving.work}/tree`, TREE);
    program = await createTempTree({ "user.ts": PROGRAM });
    const imports = { "@escp/escp": relative(program.path, LIBRARY) };
    await Deno.writeTextFile(`${program.path}/deno.json`, JSON.stringify({ imports }));
  });
  afterAll(async () => {
    await program?.[Symbol.asyncDispose]();
    await serving?.[Symbol.asyncDispose]();
  });

  const knownServers = () => `${serving.clientHome}/.config/escp/known_servers`;
  const forget = () => Deno.remove(knownServers()).catch(() => {});

  /** Runs a function of the library in the program, without variables that name authorities unless they are given. */
  async function run(
    call: [name: string, ...operands: string[]],
    options: CopyOptions = {},
    { env = {}, command = ["run", "--allow-all"] }: { env?: Record<string, string>; command?: string[] } = {},
  ): Promise<Outcome> {
    const none = { DENO_TLS_CA_STORE: undefined, DENO_CERT: undefined, NODE_EXTRA_CA_CERTS: undefined };
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...command, "--quiet", "--no-check", `${program.path}/user.ts`, JSON.stringify([...call, options])],
      clearEnv: true,
      env: await escpEnvironment({ ...none, HOME: serving.clientHome, ...env }),
      stdin: "null",
    }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    return JSON.parse(new TextDecoder().decode(stdout));
  }

  it("does not trust an unknown server, and gets its fingerprint", async () => {
    await forget();
    const { error } = await run(["copy", `${serving.work}/tree`, serving.url("unknown")], { recursive: true });
    assertEquals([error?.name, error?.isStartError], ["UntrustedServer", true]);
    assertEquals([error?.fingerprint, error?.known], [fingerprint, []]);
    assertMatch(error!.message, /^Cannot trust escps:\/\/127\.0\.0\.1:\d+: it is unknown/);
    assertEquals((await run(["doctor", serving.url("")])).error?.name, "UntrustedServer");
    assertEquals([...Deno.readDirSync(serving.root)], []);
    assertEquals(await Deno.stat(knownServers()).catch(() => undefined), undefined);
  });

  it("copies in both directions after it has accepted the server, and keeps its environment", async () => {
    await forget();
    const options = { recursive: true };
    const pushed = await run(["copy", `${serving.work}/tree`, serving.url("pushed")], { ...options, acceptNew: true });
    assertEquals(pushed, { files: 2, failed: 0, keepsEnvironment: true });
    const pulled = await run(["copy", serving.url("pushed"), `${serving.work}/fetched`], options);
    assertEquals(pulled, { files: 2, failed: 0, keepsEnvironment: true });
    assertEquals(await compareTrees(`${serving.work}/tree`, `${serving.work}/fetched`), []);
  });

  it("does not trust a server with another certificate than before", async () => {
    const other = `SHA256:${"A".repeat(43)}`;
    await Deno.writeTextFile(knownServers(), `127.0.0.1:${serving.port} ${other}\n`, { mode: 0o600 });
    const call = ["copy", `${serving.work}/tree/small`, serving.url("changed")] as const;
    const { error } = await run([...call], { acceptNew: true });
    assertEquals([error?.name, error?.fingerprint, error?.known], ["UntrustedServer", fingerprint, [other]]);
    await forget();
  });

  it("uses a one-time URL", async () => {
    await using once = await startServing({ args: ["--once"] });
    const { files } = await run(["copy", `${serving.work}/tree/small`, once.output.trimEnd()]);
    assertEquals(files, 1);
    assertEquals(await Deno.readTextFile(`${once.root}/small`), "small");
  });

  it("does not connect if variables name authorities that could forge the server", async () => {
    const variables: Record<string, string>[] = [
      { DENO_TLS_CA_STORE: "system" },
      { DENO_CERT: LIBRARY },
      { NODE_EXTRA_CA_CERTS: LIBRARY },
    ];
    for (const env of variables) {
      const { error } = await run(["copy", serving.url("small"), "copy"], { acceptNew: true }, { env });
      assertEquals(error?.name, "UserError");
      assertMatch(
        error!.message,
        new RegExp(`${Object.keys(env)[0]} adds certificate authorities that could forge it`),
      );
      assert(error!.hint?.includes("Unset"));
    }
  });
});
