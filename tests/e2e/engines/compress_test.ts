import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { text } from "../../compress/text.ts";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { type EscpResult, runEscp } from "../../support/escp/escp_command.ts";
import { oldEscpFlags } from "../../support/escp/old_escp.ts";
import { lastEvent } from "../../support/escp/json_events.ts";
import { randomTree } from "../../support/files/random_bytes.ts";
import { type Copy, describeWithScene, ENGINES, type Variant, variantName, VARIANTS } from "../../support/scene.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";

const MiB = 1 << 20;

/** Returns the last event of a copy that succeeded. */
function endOf({ code, stdout, stderr }: EscpResult): { bytes: number; wireBytes?: number } {
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return lastEvent(stdout);
}

describeWithScene("-C", { inProcess: true }, (scene) => {
  let texts: string;
  let random: string;
  let mixed: string;
  beforeAll(async () => {
    const lines = text(9 * MiB + 3);
    texts = await scene.tree({
      "large": lines,
      "small": "small",
      "empty": "",
      "a/b/middle": lines.subarray(0, 99_999),
    });
    random = `${await scene.tree({ "random": { size: 9 * MiB } })}/random`;
    mixed = await scene.tree({
      ...randomTree({ files: 400, directories: 20, maxBytes: 3000, seed: "mixed" }),
      "1M": lines.subarray(0, MiB),
      "1M+1": lines.subarray(0, MiB + 1),
      "random": { size: 5 * MiB + 1 },
      "zeros": { sparseSize: 3 * MiB, pieces: { [MiB + 5]: "in the middle" } },
      "link": { link: "1M" },
    });
  });

  const compressed = async (variant: Variant, copy: Copy) =>
    endOf(await scene.copy(variant, { ...copy, flags: ["-r", "-C", "--json", ...copy.flags ?? []] }));

  for (const variant of VARIANTS) {
    it(`sends text in less than a third of its size: ${variantName(variant)}`, async () => {
      const to = await scene.tree();
      const { bytes, wireBytes } = await compressed(variant, { sources: [texts], target: `${to}/new` });
      assertEquals(await compareTrees(texts, `${to}/new`), []);
      assert(wireBytes! < bytes / 3, `${wireBytes} of ${bytes}`);
    });

    it(`sends incompressible data with less than 1 % overhead: ${variantName(variant)}`, async () => {
      const to = await scene.tree();
      const { bytes, wireBytes } = await compressed(variant, { sources: [random], target: to });
      assertEquals(await compareTrees(random, `${to}/random`), []);
      assert(wireBytes! > bytes && wireBytes! < bytes * 1.01, `${wireBytes} of ${bytes}`);
    });

    it(`keeps the contents of a mixed tree with any block size: ${variantName(variant)}`, async () => {
      const to = await scene.tree();
      for (const blocksize of ["64K", "100000", "4M"]) {
        const flags = ["--blocksize", blocksize, "--symlinks=preserve"];
        await compressed(variant, { flags, sources: [`${mixed}/.`], target: `${to}/${blocksize}` });
        assertEquals(await compareTrees(mixed, `${to}/${blocksize}`), []);
      }
      assertEquals(temporaryFiles(to), []);
    });
  }

  for (const engine of ENGINES) {
    it(`relays compressed data as it is (${engine})`, async () => {
      const to = await scene.tree();
      const args = ["-r", "-C", "--json", "--engine", engine, `testhost:${texts}`, `testhost2:${to}/new`];
      const { bytes, wireBytes } = endOf(await runEscp([...scene.sshd.sshOptions, ...args]));
      assertEquals(await compareTrees(texts, `${to}/new`), []);
      assert(wireBytes! > 0 && wireBytes! < bytes / 3, `${wireBytes} of ${bytes}`);
    });

    for (const direction of ["push", "pull"] as const) {
      it(`works between different engines: ${direction}, ${engine} client`, async () => {
        const to = await scene.tree();
        const other = ENGINES.find((each) => each !== engine) ?? engine;
        const host = (side: string, path: string) => direction === side ? `testhost:${path}` : path;
        const args = [...scene.sshd.sshOptions, "-D", `${scene.sshd.binDirectory}/${other}/escp`, "--engine", engine];
        const paths = [host("pull", mixed), host("push", `${to}/new`)];
        endOf(await runEscp([...args, "-r", "-C", "--json", "--symlinks=preserve", ...paths]));
        assertEquals(await compareTrees(mixed, `${to}/new`), []);
      });
    }
  }

  it("compresses standard input and output", async () => {
    const to = await scene.tree();
    const lines = text(3 * MiB + 1);
    const there = `testhost:${to}/there`;
    const ssh = scene.sshd.sshOptions;
    const pushed = endOf(await runEscp([...ssh, "-C", "--json", "-", there], { stdin: lines }));
    assert(pushed.wireBytes! < pushed.bytes / 3);
    const pulled = await runEscp([...ssh, "-C", there, "-"]);
    assertEquals({ code: pulled.code, stderr: pulled.stderr }, { code: 0, stderr: "" });
    assertEquals(pulled.stdoutBytes.length, lines.length);
    assertEquals(await Deno.readFile(`${to}/there`), lines);
  });

  it("adds the bytes sent to the summary", async () => {
    const to = await scene.tree();
    const variant = { ...VARIANTS[0], direction: "local" as const };
    const copy = { sources: [`${texts}/large`], target: to };
    const { stderr } = await scene.copy(variant, { ...copy, flags: ["-C", "-v"] });
    assertMatch(stderr, /1 file, 9\.0 MiB copied in .*, [1-2]\.\d MiB sent, /);
    const plain = await scene.copy(variant, { ...copy, flags: ["-v"] });
    assert(!plain.stderr.includes("sent"), plain.stderr);
    assertEquals(endOf(await scene.copy(variant, { ...copy, flags: ["--json"] })).wireBytes, undefined);
  });

  it("applies a rate limit to the bytes sent, not to those of the file", async () => {
    const tree = await scene.tree({ "letters": "a".repeat(8 * MiB) });
    const variant = { ...VARIANTS[0], direction: "local" as const };
    // 8 MiB at 50 kB per second would take longer than any copy of the tests may take.
    const { bytes } = await compressed(variant, {
      flags: ["-l", "400"],
      sources: [`${tree}/letters`],
      target: `${tree}/new`,
    });
    assertEquals(bytes, 8 * MiB);
  });

  for (const direction of ["push", "pull"] as const) {
    it(`sends uncompressed data to an older escp, with a note: ${direction}`, async () => {
      const to = await scene.tree();
      const host = (side: string, path: string) => direction === side ? `testhost:${path}` : path;
      const paths = [host("pull", `${texts}/large`), host("push", `${to}/large`)];
      const result = await runEscp([...scene.sshd.sshOptions, ...await oldEscpFlags(scene), "-C", "--json", ...paths]);
      const { bytes, wireBytes } = endOf(result);
      assert(wireBytes! > bytes);
      assertStringIncludes(
        result.stdout,
        '"message":"escp on testhost cannot compress: the data is sent uncompressed"',
      );
      assertEquals(await compareTrees(`${texts}/large`, `${to}/large`), []);
    });
  }
});
