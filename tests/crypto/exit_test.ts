import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { describe, it } from "@std/testing/bdd";
import { CIPHER_ENGINES } from "./cipher_engines.ts";

const PROGRAM = fromFileUrl(new URL("exit_while_sealing.ts", import.meta.url));
/** Without a fix, one run in four crashed because OpenSSL was unloaded at the exit. */
const RUNS = 20;

describe("a process that exits while its threads seal", { ignore: CIPHER_ENGINES.at(-1)!.name !== "native" }, () => {
  it("exits with its status", async () => {
    const args = ["run", "--quiet", "--no-check", "--allow-all", PROGRAM];
    for (let run = 0; run < RUNS; run++) {
      const { code, signal, stderr } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
      assertEquals([code, signal, new TextDecoder().decode(stderr)], [7, null, ""]);
    }
  });
});
