import { assert, assertEquals } from "@std/assert";
import { equals } from "../../../src/bytes.ts";
import { it } from "@std/testing/bdd";
import { describeWithScene, ENGINES, variantName, variantsOf } from "../../support/scene.ts";

const MIB = 1 << 20;

/** Appends to a file until it is disposed. */
class LogWriter implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
  }

  /** Starts to write. Resolves after the first line. */
  static async start(path: string): Promise<LogWriter> {
    const process = new Deno.Command("sh", {
      args: ["-c", 'while :; do echo "a line" >> "$1" || exit; [ -n "$begun" ] || echo; begun=1; done', "sh", path],
      stdout: "piped",
    }).spawn();
    const reader = process.stdout.getReader();
    await reader.read();
    reader.releaseLock();
    return new LogWriter(process);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.stdout.cancel();
    await this.#process.status;
  }
}

describeWithScene("a live log", { inProcess: true }, (scene) => {
  for (const variant of ENGINES.flatMap(variantsOf)) {
    for (const flags of [[], ["-r"]]) {
      const place = flags.length > 0 ? "in a tree" : "alone";

      it(`is copied up to the size that was found, ${place} (${variantName(variant)})`, async () => {
        const tree = await scene.tree({ "from/log": { size: 24 * MIB }, "to": { directory: true } });
        const source = flags.length > 0 ? `${tree}/from` : `${tree}/from/log`;
        const target = flags.length > 0 ? `${tree}/to/from/log` : `${tree}/to/log`;
        let result;
        {
          await using _writer = await LogWriter.start(`${tree}/from/log`);
          result = await scene.copy(variant, { flags, sources: [source], target: `${tree}/to` });
        }
        assertEquals(result.code, 0, result.stderr);
        const [now, copied] = [await Deno.readFile(`${tree}/from/log`), await Deno.readFile(target)];
        assert(copied.length >= 24 * MIB, `${copied.length} bytes arrived`);
        assert(equals(now.subarray(0, copied.length), copied));
        const note =
          `note: "${tree}/from/log" grew while it was copied: the target has its first ${copied.length} bytes`;
        assert(result.stderr.split("\n").includes(note), result.stderr);
      });
    }
  }
});
