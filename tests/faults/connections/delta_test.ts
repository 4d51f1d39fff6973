import { assert, assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { alteredEscp, runEscp } from "../../support/escp/escp_command.ts";
import { assertSame, notedBytes, untilNoted } from "../../support/escp/interruptions.ts";
import { lastEvent } from "../../support/escp/json_events.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { freePort } from "../../support/hosts/free_port.ts";
import { describeWithScene, ENGINES, type Variant, variantName, variantsOf } from "../../support/scene.ts";
import { writeWrapper } from "../../support/shell_script.ts";
import { type Fault, startFaultProxy } from "./fault_proxy.ts";

const MIB = 1 << 20;
const REMOTE = ENGINES.flatMap(variantsOf).filter(({ direction }) => direction !== "local");

describeWithScene("a delta transfer", (scene) => {
  /** Makes a file of the target that differs from the source from an offset on. */
  async function makeFiles(size: number, changed: number): Promise<{ from: string; to: string }> {
    const tree = await scene.tree({ "from/big": "", "to/big": "" });
    const bytes = randomBytes(size, 1);
    await Deno.writeFile(`${tree}/from/big`, bytes);
    await Deno.utime(`${tree}/from/big`, 1e9, 1e9);
    await Deno.writeFile(`${tree}/to/big`, bytes.map((byte, at) => at < changed ? byte : byte ^ 1));
    return { from: `${tree}/from/big`, to: `${tree}/to/big` };
  }

  for (const variant of REMOTE.map((each): Variant => ({ ...each, streams: 1 }))) {
    it(`survives connections that are cut and closed (${variantName(variant)})`, async () => {
      const isPush = variant.direction === "push";
      const [data, results] =
        (isPush ? ["to server", "to client"] : ["to client", "to server"]) as Fault["direction"][];
      for (
        const faults of [
          [{ direction: data, after: 300_000, kind: "cut" }, { direction: data, after: 900_000, kind: "cut" }],
          [{ direction: results, after: 1_000, kind: "half" }],
        ] satisfies Fault[][]
      ) {
        const { from, to } = await makeFiles(12 * MIB, 10 * MIB);
        const port = freePort();
        await using proxy = startFaultProxy(port, faults);
        const ports = ["--escp-port", `${port}`, "--data-address", `127.0.0.1:${proxy.port}`];
        const flags = ["-u", "--json", "--timeout", "20", "--tunnel", "never", ...ports];
        const { code, stdout, stderr } = await scene.copy(variant, { flags, sources: [from], target: to });
        assertEquals(code, 0, stderr);
        assertEquals(lastEvent(stdout).reused, 10 * MIB);
        await assertSame(from, to);
      }
    });

    it(`is resumed after it was interrupted (${variantName(variant)})`, async () => {
      const [size, changed] = [64 * MIB, 40 * MIB];
      const { from, to } = await makeFiles(size, changed);
      const directory = to.slice(0, to.lastIndexOf("/"));
      const copy = { sources: [from], target: to };
      const slow = ["-u", "-l", "100000", "--retries", "0"];
      await using running = await scene.start(variant, { flags: slow, ...copy });
      await untilNoted(directory, 24 * MIB, running);
      running.kill("SIGKILL");
      await running.result;
      await scene.sshd.waitForNoSession();
      const noted = notedBytes(directory);
      const { code, stdout, stderr } = await scene.copy(variant, { flags: ["-u", "--json"], ...copy });
      assertEquals(code, 0, stderr);
      const { resumed, reused = 0 } = lastEvent(stdout);
      assertEquals(resumed, noted);
      assert(reused <= changed && reused + noted >= changed, `${reused} bytes reused, ${noted} resumed`);
      await assertSame(from, to);
      assertEquals(temporaryFiles(directory), []);
    });
  }

  for (const engine of ENGINES) {
    it(`works between two remote hosts (${engine})`, async () => {
      const { from, to } = await makeFiles(12 * MIB, 11 * MIB);
      const escp = `${scene.sshd.binDirectory}/${engine}/escp`;
      const flags = [...scene.sshd.sshOptions, "-3", "-D", escp, "-u", "--json", "--"];
      const { code, stdout, stderr } = await runEscp([...flags, `testhost:${from}`, `testhost:${to}`]);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(lastEvent(stdout).reused, 11 * MIB);
      assert(lastEvent(stdout).wireBytes < 1.1 * MIB);
      await assertSame(from, to);
    });
  }

  it("sends the file whole if the remote escp is older", async () => {
    const escp = `${await scene.tree()}/escp`;
    await writeWrapper(escp, alteredEscp("without_delta.ts"));
    for (const isPush of [true, false]) {
      const { from, to } = await makeFiles(5 * MIB, 4 * MIB);
      const operands = isPush ? [from, `testhost:${to}`] : [`testhost:${from}`, to];
      const flags = [...scene.sshd.sshOptions, "-D", escp, "-u", "--json", "--"];
      const { code, stdout, stderr } = await runEscp([...flags, ...operands]);
      assertEquals([code, stderr], [0, ""]);
      assertEquals([lastEvent(stdout).bytes, lastEvent(stdout).reused], [5 * MIB, undefined]);
      await assertSame(from, to);
    }
  });
});
