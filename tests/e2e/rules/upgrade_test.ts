import { assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { VERSION } from "../../../src/cli/version.ts";
import { namesIfPresent, plantProgram, releaseOfSuite } from "../../support/escp/host_without_escp.ts";
import { describeWithSshd } from "../../support/hosts/needs_sshd.ts";

describeWithSshd("--upgrade and --uninstall", () => {
  const { withHost } = releaseOfSuite();

  it("install this version, remove older ones, and remove all", async () => {
    await withHost({}, async ({ sshd, run, push, directory, logins }) => {
      const cache = `${sshd.home}/.cache/escp`;
      for (const name of ["0.0.1", "0.0.10", "99.0.0"]) await plantProgram(`${cache}/${name}/escp`, `${sshd.home}/run`);
      await Deno.mkdir(`${cache}/hosts`);
      for (const directory of [`${sshd.home}/.cache`, cache, `${cache}/0.0.1`, `${cache}/0.0.10`, `${cache}/99.0.0`]) {
        await Deno.chmod(directory, 0o700);
      }
      const upgraded = await run("--upgrade", "testhost");
      assertEquals(upgraded.code, 0, upgraded.stderr);
      assertMatch(upgraded.stdout, /^testhost: escp \S+ is installed as \S+ \(.*\); removed 0\.0\.1, 0\.0\.10\n$/);
      assertEquals(namesIfPresent(cache), [VERSION, "99.0.0", "hosts"].sort());
      assertEquals((await push()).code, 0);

      await plantProgram(`${cache}/0.0.2/escp`, `${sshd.home}/run`);
      await Deno.chmod(`${cache}/0.0.2`, 0o700);
      const again = await run("--upgrade", "testhost");
      assertMatch(again.stdout, /^testhost: escp \S+ is already installed as \S+; removed 0\.0\.2\n$/);

      const before = logins();
      const removed = await run("--uninstall", "nobody@testhost", "testhost");
      assertEquals(removed.code, 1, removed.stderr);
      assertMatch(removed.stderr, /^escp: Cannot log in to nobody@testhost/m);
      const versions = [VERSION, "99.0.0"].sort().join(", ");
      assertEquals(removed.stdout, `testhost: removed escp ${versions}\n`);
      assertEquals(logins(), before + 1);
      assertEquals(namesIfPresent(cache), ["hosts"]);
      assertEquals(namesIfPresent(`${directory}/cache/escp/hosts`), []);
      assertEquals((await run("--uninstall", "testhost")).stdout, "testhost: escp is not installed\n");
      assertEquals(namesIfPresent(sshd.home)?.includes("run"), false);
    });
  });

  it("remove the program of --install-dir, named or remembered", async () => {
    await withHost({}, async ({ sshd, run }) => {
      for (const args of [["--install-dir", "~/bin"], []]) {
        assertEquals((await run("--install", "--install-dir", "~/bin", "testhost")).code, 0);
        const { code, stdout } = await run("--uninstall", ...args, "testhost");
        assertEquals({ code, stdout }, { code: 0, stdout: `testhost: removed escp ${sshd.home}/bin/escp\n` });
        assertEquals(namesIfPresent(`${sshd.home}/bin`), []);
      }
    });
  });

  it("remove the remembered program of another version of this escp, and of another directory than --install-dir", async () => {
    await withHost({}, async ({ sshd, run, directory }) => {
      const records = `${directory}/cache/escp/hosts`;
      const install = async (directory: string) => {
        assertEquals((await run("--install", "--install-dir", directory, "testhost")).code, 0);
      };
      await install("~/bin");
      const [record] = namesIfPresent(records)!;
      const text = await Deno.readTextFile(`${records}/${record}`);
      await Deno.writeTextFile(`${records}/${record}`, text.replace(VERSION, "0.0.1"));
      const older = await run("--uninstall", "testhost");
      assertEquals(older.stdout, `testhost: removed escp ${sshd.home}/bin/escp\n`);
      assertEquals(namesIfPresent(records), []);

      await install("~/one");
      await install("~/two");
      const both = await run("--uninstall", "--install-dir", "~/one", "testhost");
      assertEquals(both.stdout, `testhost: removed escp ${sshd.home}/one/escp, ${sshd.home}/two/escp\n`);
      assertEquals(["bin", "one", "two"].map((name) => namesIfPresent(`${sshd.home}/${name}`)), [[], [], []]);
    });
  });

  it("remove nothing in a directory that other users may change", async () => {
    await withHost({}, async ({ sshd, run }) => {
      const old = `${sshd.home}/.cache/escp/0.0.1`;
      await plantProgram(`${old}/escp`, `${sshd.home}/run`);
      for (const directory of [`${sshd.home}/.cache`, `${sshd.home}/.cache/escp`]) await Deno.chmod(directory, 0o700);
      await Deno.chmod(old, 0o777);
      const upgraded = await run("--upgrade", "testhost");
      assertEquals(upgraded.code, 0, upgraded.stderr);
      assertEquals(namesIfPresent(old), ["escp"]);
      const { code, stderr } = await run("--uninstall", "testhost");
      assertEquals(code, 1);
      assertMatch(stderr, /^escp: Cannot remove escp on testhost: other users may write to ".*\/0\.0\.1", or own it/m);
      assertEquals(namesIfPresent(old), ["escp"]);
      // A link is not followed, wherever it points to.
      await Deno.remove(old, { recursive: true });
      await plantProgram(`${sshd.home}/elsewhere/escp`, `${sshd.home}/run`);
      await Deno.symlink(`${sshd.home}/elsewhere`, old);
      assertEquals((await run("--uninstall", "testhost")).code, 0);
      assertEquals(namesIfPresent(`${sshd.home}/elsewhere`), ["escp"]);
    });
  });
});
