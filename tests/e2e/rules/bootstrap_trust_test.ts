/** Installation never runs, overwrites or trusts a program that another user may have planted. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { executableName } from "../../../src/bootstrap/system.ts";
import { VERSION } from "../../../src/cli/version.ts";
import {
  CLOSED_PARENT,
  digestOf,
  linkPrograms,
  namesIfPresent,
  plantProgram,
  releaseOfSuite,
  writeRelease,
} from "../../support/escp/host_without_escp.ts";
import { describeWithSshd } from "../../support/hosts/needs_sshd.ts";
import { LOOSE_MODES } from "../../support/files/loose_modes.ts";
import { createTempDirectory } from "../../support/files/temp.ts";

describeWithSshd("the installation of escp on a host", () => {
  const release = releaseOfSuite();
  const { withHost } = release;

  /** Paths below the home directory; the default directory is `.cache/escp/VERSION`. */
  const CACHE = `.cache/escp/${VERSION}`;
  const SHARED = "shared/own/bin";
  /** Directories of an installation, each with the directory to loosen: the directory itself or a parent. */
  const PLACES = [
    [CACHE, CACHE],
    [CACHE, ".cache/escp"],
    [CACHE, ".cache"],
    [SHARED, SHARED],
    [SHARED, "shared"],
  ];
  for (const [state, loosen, ignore = false] of LOOSE_MODES) {
    it(`refuses a ${state} directory and directories below it`, { ignore }, async () => {
      await withHost({}, async ({ sshd, push }) => {
        const trace = `${sshd.home}/run`;
        for (const [place, parent] of PLACES) {
          const [directory, loose] = [`${sshd.home}/${place}`, `${sshd.home}/${parent}`];
          const args = place === SHARED ? ["--install-dir", place === parent ? directory : `~/${place}`] : [];
          await plantProgram(`${directory}/escp`, trace);
          await loosen(loose);
          const { code, stderr } = await push(...args);
          assertEquals(code, 255, stderr);
          const [, named] = /other users may write to "(.*)", or own it/.exec(stderr) ?? [];
          assertEquals(named, loose, stderr);
          assertMatch(stderr, /^hint: .*--install-dir DIR/m);
          assertEquals(namesIfPresent(directory), ["escp"]);
          await Deno.remove(loose, { recursive: true });
          if (loose === directory) continue;
          // A missing directory is not created in a loose one.
          await Deno.mkdir(loose, { recursive: true });
          await loosen(loose);
          assertMatch((await push(...args)).stderr, /other users may write to/);
          assertEquals(namesIfPresent(loose), []);
          await Deno.remove(loose, { recursive: true });
        }
        assertEquals(namesIfPresent(sshd.home)?.includes("run"), false);
      });
    });
  }

  it("refuses a symbolic link into a world-writable directory", async () => {
    await withHost({}, async ({ sshd, push }) => {
      await Deno.mkdir(`${sshd.home}/shared`);
      await Deno.chmod(`${sshd.home}/shared`, 0o777);
      await Deno.mkdir(`${sshd.home}/shared/bin`);
      await Deno.symlink("shared/bin", `${sshd.home}/link`);
      const { code, stderr } = await push("--install-dir", "~/link");
      assertEquals(code, 255, stderr);
      assertStringIncludes(stderr, `other users may write to "${sshd.home}/shared"`);
      assertEquals(namesIfPresent(`${sshd.home}/shared/bin`), []);
    });
  });

  it("accepts a directory outside of the home directory if no other user may write to its parents", async () => {
    await using elsewhere = await createTempDirectory(CLOSED_PARENT);
    await withHost({}, async ({ push }) => {
      const { code, stderr } = await push("--install-dir", `${elsewhere.path}/new/bin`);
      assertEquals(code, 0, stderr);
      assertEquals(namesIfPresent(`${elsewhere.path}/new/bin`), ["escp"]);
    });
  });

  for (const tool of ["sha256sum", "openssl", "no program"]) {
    it(`replaces another program in --install-dir without running it, with ${tool} for SHA-256`, async () => {
      await using path = await createTempDirectory();
      await linkPrograms(path.path, tool === "no program" ? [] : [tool]);
      await withHost({ environment: { PATH: path.path } }, async ({ sshd, push }) => {
        const [trace, bin] = [`${sshd.home}/run`, `${sshd.home}/bin`];
        await plantProgram(`${bin}/escp`, trace);
        const { code, stderr } = await push("--install-dir", bin);
        assertEquals(code, 0, stderr);
        assertMatch(stderr, /installing escp/);
        assertEquals(namesIfPresent(sshd.home)?.includes("run"), false);
        assertEquals(await digestOf(`${bin}/escp`), release.digest);
      });
    });
  }

  it("does not run a program in --install-dir without an executable to compare it with", async () => {
    await withHost({}, async ({ sshd, run }) => {
      const [trace, bin] = [`${sshd.home}/run`, `${sshd.home}/bin`];
      await plantProgram(`${bin}/escp`, trace);
      await using other = await createTempDirectory();
      await Deno.writeTextFile(`${other.path}/${executableName(VERSION, "macos-arm64")}`, "x");
      const { code, stderr } = await run("--binaries", other.path, "--install", "--install-dir", bin, "testhost");
      assertEquals(code, 1, stderr);
      assertMatch(stderr, /there is no executable for linux-/);
      assertEquals(namesIfPresent(sshd.home)?.includes("run"), false);
    });
  });

  it("refuses an executable that does not match SHA256SUMS", async () => {
    await withHost({}, async ({ sshd, push }) => {
      await using other = await createTempDirectory();
      await writeRelease(other.path);
      const sums = `${other.path}/SHA256SUMS`;
      const wrong = (await Deno.readTextFile(sums)).replace(/[0-9a-f]{64}(?= {2}escp)/, "1".repeat(64));
      await Deno.writeTextFile(sums, wrong);
      const args = ["--binaries", other.path];
      assertMatch((await push(...args)).stderr, /its SHA-256 differs from/);
      await Deno.writeTextFile(sums, "");
      assertMatch((await push(...args)).stderr, /has no line for it/);
      await Deno.remove(sums);
      const { code, stderr } = await push(...args);
      assertEquals(code, 255);
      assertMatch(stderr, /there is no SHA256SUMS in its directory/);
      assertEquals(namesIfPresent(`${sshd.home}/.cache`), undefined);
    });
  });
});
