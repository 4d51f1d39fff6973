import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { existsSync } from "@std/fs/exists";
import { it } from "@std/testing/bdd";
import { VERSION } from "../../../src/cli/version.ts";
import { alteredEscp, startEscp } from "../../support/escp/escp_command.ts";
import {
  CLOSED_PARENT,
  digestOf,
  linkPrograms,
  namesIfPresent,
  releaseOfSuite,
  writeRelease,
} from "../../support/escp/host_without_escp.ts";
import { lastEvent } from "../../support/escp/json_events.ts";
import { turn } from "../../support/escp/interruptions.ts";
import { describeWithSshd } from "../../support/hosts/needs_sshd.ts";
import { addHostsToRemote } from "../../support/hosts/sshd.ts";
import { plainRightsProblem, plainShell } from "../../support/files/plain_rights.ts";
import { descendantsOf, killProcess } from "../../support/processes.ts";
import { writeScript, writeWrapper } from "../../support/shell_script.ts";
import { createTempDirectory } from "../../support/files/temp.ts";

const modeOf = (path: string) => Deno.statSync(path).mode! & 0o7777;

describeWithSshd("a host without escp", () => {
  const release = releaseOfSuite();
  const { withHost } = release;

  it("receives escp for this session and later ones", async () => {
    await withHost({}, async ({ sshd, directory, push, run, installed, logins }) => {
      const { code, stderr } = await push();
      assertEquals(code, 0, stderr);
      assertMatch(
        stderr,
        /^note: installing escp [0-9.]+ \([0-9.]+ (B|KiB)\) into \S+ on testhost, which lacks a compatible version\n$/,
      );
      assertEquals(await Deno.readTextFile(`${sshd.home}/b`), "contents");
      assertEquals(namesIfPresent(installed), ["escp"]);
      assertEquals(await digestOf(`${installed}/escp`), release.digest);
      assertEquals([modeOf(`${installed}/escp`), modeOf(installed)], [0o700, 0o700]);
      assertEquals(logins(), 3);

      const pulled = await run("testhost:b", `${directory}/c`);
      assertEquals(pulled.stderr, "");
      assertEquals(await Deno.readTextFile(`${directory}/c`), "contents");
      assertEquals(logins(), 4);
    });
  });

  it("receives escp again after it was removed, and not while it is installed", async () => {
    await withHost({}, async ({ sshd, directory, push, installed, logins }) => {
      await push();
      await Deno.remove(installed, { recursive: true });
      assertMatch((await push()).stderr, /installing escp/);
      // Without the local record of the installation.
      await Deno.remove(`${directory}/cache`, { recursive: true });
      const before = logins();
      for (const args of [[], ["-P", `${sshd.port}`]]) {
        const { code, stderr } = await push(...args);
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
      }
      assertEquals(logins(), before + 2);
      await sshd.waitForNoSession();
    });
  });

  it("receives escp for both ends of a relay, and for a copy that runs on the first host", async () => {
    await withHost({}, async ({ sshd, run, installed }) => {
      await Deno.writeTextFile(`${sshd.home}/from`, "from");
      const relayed = await run("testhost:from", "testhost2:to");
      assertEquals(relayed.code, 0, relayed.stderr);
      assertEquals(await Deno.readTextFile(`${sshd.home}/to`), "from");

      await Deno.remove(installed, { recursive: true });
      await addHostsToRemote(sshd);
      // The first host finds escp on the second one without installing it.
      await Deno.mkdir(`${sshd.home}/.config/escp`, { recursive: true });
      await Deno.writeTextFile(`${sshd.home}/.config/escp/config.yaml`, `remote-path: ${installed}/escp\n`);
      const { code, stderr } = await run("-R", "testhost:from", "testhost2:other");
      assertEquals(code, 0, stderr);
      assertEquals(await Deno.readTextFile(`${sshd.home}/other`), "from");
    });
  });

  it("receives escp when data goes through ssh, over further ssh sessions too", async () => {
    await withHost({ serverConfig: ["AllowTcpForwarding no"] }, async ({ sshd, push }) => {
      const { code, stderr } = await push("--tunnel=always");
      assertEquals(code, 0, stderr);
      assertEquals(await Deno.readTextFile(`${sshd.home}/b`), "contents");
    });
  });

  it("receives a second escp if the first one speaks another protocol", async () => {
    await withHost({}, async ({ sshd, push }) => {
      await writeWrapper(`${sshd.binDirectory}/escp`, alteredEscp("other_versions.ts", "[0]"));
      const { code, stderr } = await push();
      assertEquals(code, 0, stderr);
      assertMatch(stderr, /installing escp/);
      assertEquals(await Deno.readTextFile(`${sshd.home}/b`), "contents");
    });
  });

  it("receives nothing with --bootstrap=never or -D", async () => {
    await withHost({}, async ({ sshd, push, run }) => {
      const never = await push("--bootstrap=never");
      assertEquals(never.code, 255);
      assertMatch(never.stderr, /^escp: Cannot start escp on testhost: it is not installed there/m);
      assertEquals((await push("-D", "no-such")).code, 255);
      const onFirst = await run("-R", "--json", "--bootstrap=never", "testhost2:from", "testhost:to");
      assertEquals([onFirst.code, lastEvent(onFirst.stdout).host], [255, "testhost2"], onFirst.stderr);
      assertEquals(namesIfPresent(`${sshd.home}/.cache`), undefined);
    });
  });

  it("receives escp if the login shell reports status 1 instead of 127, and in $XDG_CACHE_HOME", async () => {
    await using home = await createTempDirectory();
    const program = `${home.path}/cache/escp/${VERSION}/escp`;
    // csh reports 1 for a missing command.
    const missing = `case $SSH_ORIGINAL_COMMAND in *--receiver*) [ -x ${program} ] || exit 1 ;; esac`;
    const forceCommand = `${missing}; exec sh -c "$SSH_ORIGINAL_COMMAND"`;
    const environment = { HOME: home.path, XDG_CACHE_HOME: `${home.path}/cache` };
    await withHost({ forceCommand, environment }, async ({ push }) => {
      const { code, stderr } = await push();
      assertEquals(code, 0, stderr);
      assertEquals(namesIfPresent(`${home.path}/cache/escp/${VERSION}`), ["escp"]);
    });
  });

  const MISSING: [programs: string, present: string[]][] = [
    ["gzip and sha256sum", ["openssl"]],
    ["gzip and any program for SHA-256", []],
  ];
  for (const [programs, present] of MISSING) {
    it(`receives escp without ${programs}`, async () => {
      await using path = await createTempDirectory();
      await linkPrograms(path.path, present);
      await withHost({ environment: { PATH: path.path } }, async ({ push, installed }) => {
        const { code, stderr } = await push();
        assertEquals(code, 0, stderr);
        assertEquals(namesIfPresent(installed), ["escp"]);
      });
    });
  }

  it("receives one escp from several copies at the same time", async () => {
    await withHost({}, async ({ run, directory, sshd, installed }) => {
      const results = await Promise.all(
        [1, 2, 3].map((number) => run(`${directory}/a`, `testhost:several-${number}`)),
      );
      assertEquals(results.map(({ code, stderr }) => code || stderr.match(/Cannot.*/)), [null, null, null]);
      assertEquals(namesIfPresent(installed), ["escp"]);
      assertEquals(namesIfPresent(sshd.home)!.filter((name) => name.startsWith("several")).length, 3);
    });
  });

  it("receives escp with --install, even if another host fails", async () => {
    await withHost({}, async ({ run, installed, push, logins, sshd }) => {
      const { code, stdout, stderr } = await run("--install", "nobody@testhost", "testhost", "testhost2");
      assertEquals(code, 1, stderr);
      assertMatch(stderr, /^escp: Cannot log in to nobody@testhost/m);
      const [first, second] = stdout.split("\n");
      assertMatch(first, /^testhost: escp [0-9.]+ is installed as \/.*\/escp \([0-9.]+ (B|KiB)\)$/);
      assertStringIncludes(first, `${installed}/escp`);
      assertMatch(second, /^testhost2: escp [0-9.]+ is already installed as /);
      const before = logins();
      for (const { code, stderr } of [await push(), await push()]) {
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
      }
      assertEquals(logins(), before + 2);

      const elsewhere = await run("--install", "--install-dir", "~/bin", "testhost");
      assertEquals(elsewhere.code, 0, elsewhere.stderr);
      assertStringIncludes(elsewhere.stdout, `${sshd.home}/bin/escp`);
      assertEquals(modeOf(`${sshd.home}/bin/escp`), 0o755);
    });
  });

  it("keeps nothing of an upload that Ctrl-C interrupts", async () => {
    await withHost({}, async ({ sshd, directory, installed }) => {
      await using large = await createTempDirectory();
      await writeRelease(large.path, 32 << 20);
      const [started, proceed] = [`${sshd.home}/started`, `${sshd.home}/proceed`];
      await writeScript(
        `${sshd.binDirectory}/gzip`,
        `head -c 1000 >/dev/null; : >'${started}'`,
        `until [ -e '${proceed}' ]; do sleep 0.1; done; exec /usr/bin/gzip "$@"`,
      );
      const args = [...sshd.sshOptions, "-B", "--binaries", large.path, `${directory}/a`, "testhost:b"];
      await using running = await startEscp(args, { env: { XDG_CACHE_HOME: `${directory}/cache` } });
      while (!existsSync(started)) await turn();
      assertEquals(namesIfPresent(installed)?.length, 1);
      running.kill("SIGINT");
      const { code, leftBehind } = await running.result;
      assertEquals(code, 130);
      assertEquals(await leftBehind(), []);
      await Deno.writeTextFile(proceed, "");
      await sshd.waitForNoSession();
      assertEquals(namesIfPresent(installed), []);
    });
  });

  it("keeps a partial upload for --clean if its shell is killed", async () => {
    await withHost({}, async ({ sshd, directory, installed }) => {
      const started = `${sshd.home}/started`;
      await writeScript(`${sshd.binDirectory}/gzip`, `printf 1234; : >'${started}'; exec sleep 60`);
      const args = [...sshd.sshOptions, "-B", "--binaries", release.path, `${directory}/a`, "testhost:b"];
      await using running = await startEscp(args, { env: { XDG_CACHE_HOME: `${directory}/cache` } });
      while (!existsSync(started)) await turn();
      for (const process of await descendantsOf(sshd.pid)) killProcess(process);
      assertEquals((await running.result).code, 255);
      const [partial] = namesIfPresent(installed) ?? [];
      const clean = async (days: string) => {
        const [program, ...args] = alteredEscp("later.ts", days, "--clean", sshd.home);
        const { code, stdout } = await new Deno.Command(program, { args }).output();
        return [code, new TextDecoder().decode(stdout)];
      };
      assertEquals(await clean("0"), [0, "0 files removed, 0 B; 1 kept: in use, or changed less than 1d ago\n"]);
      assertEquals(await clean("2"), [0, `removed  ${installed}/${partial}  4 B\n1 file removed, 4 B\n`]);
      assertEquals(namesIfPresent(installed), []);
    });
  });
});

describeWithSshd("a host that cannot receive escp", () => {
  const { withHost } = releaseOfSuite();

  const CASES: [host: string, programs: Record<string, string>, message: RegExp][] = [
    ["another system", { uname: "echo FreeBSD" }, /escp does not support its system \(FreeBSD on FreeBSD\)/],
    ["an unknown system", { uname: "exit 1" }, /its system is unknown \(no uname\)/],
    ["musl", { getconf: "exit 1", ldd: "echo 'musl libc (x86_64)' >&2; exit 1" }, /C library is musl/],
    ["an old glibc", { getconf: "echo glibc 2.17" }, /glibc 2\.17, and escp needs 2\.27 or later/],
    [
      "a system without an executable on this machine",
      { uname: "case $1 in -s) echo Darwin ;; *) echo arm64 ;; esac" },
      /no executable for macos-arm64 on this machine\nhint: Put escp-[0-9.]+-macos-arm64 and its SHA256SUMS/,
    ],
    [
      "a changed upload",
      { gzip: "/usr/bin/gzip \"$@\" | sed 's/exec/exit/'" },
      /the file was corrupted in transit \(another SHA-256\)/,
    ],
    [
      "a truncated upload",
      { gzip: '/usr/bin/gzip "$@" | head -c 40' },
      /the file was corrupted in transit \(40 bytes instead of \d+\)/,
    ],
    ["an upload that fails", { gzip: "echo ended; exit 1" }, /cannot write it/],
  ];
  for (const [host, programs, message] of CASES) {
    it(`is reported with the reason and a hint: ${host}`, async () => {
      await withHost({}, async ({ sshd, push, installed }) => {
        for (const [name, script] of Object.entries(programs)) {
          await writeScript(`${sshd.binDirectory}/${name}`, script);
        }
        const { code, stdout, stderr } = await push("--json");
        assertEquals(code, 255, stderr);
        assertEquals(lastEvent(stdout).host, "testhost");
        assertMatch(stderr, message);
        assertMatch(stderr, /^escp: Cannot start escp on testhost: .*\. Cannot install escp on testhost: /m);
        assertMatch(stderr, /^hint: /m);
        assertEquals(namesIfPresent(installed) ?? [], []);
        await sshd.waitForNoSession();
      });
    });
  }

  it("is reported with the reason: no sh", async () => {
    await withHost({ environment: { PATH: "/no/such" } }, async ({ push }) => {
      const { code, stderr } = await push();
      assertEquals(code, 255, stderr);
      assertMatch(
        stderr,
        /Cannot install escp on testhost: sh does not run a script there \(it ended with status 127\)/,
      );
    });
  });

  it("is not asked for its system if this machine has no executable at all", async () => {
    await withHost({}, async ({ push, logins, directory }) => {
      const { code, stdout, stderr } = await push("--json", "--binaries", directory);
      assertEquals([code, logins()], [255, 1]);
      assertEquals(lastEvent(stdout).host, "testhost");
      assertMatch(stderr, /^hint: .*--binaries DIR/m);
    });
  });

  const closedWhy = plainRightsProblem ? ` (skipped: ${plainRightsProblem})` : "";
  it(`is reported with a hint at --install-dir: closed home directory${closedWhy}`, {
    ignore: plainRightsProblem !== undefined,
  }, async () => {
    await withHost({ forceCommand: plainShell }, async ({ sshd, push }) => {
      await Deno.chmod(sshd.home, 0o500);
      const { code, stderr } = await push();
      assertEquals(code, 255, stderr);
      assertMatch(stderr, /cannot create its directory: .*Permission denied/);
      assertMatch(stderr, /^hint: .*--install-dir/m);
      await Deno.chmod(sshd.home, 0o700);
      await using elsewhere = await createTempDirectory(CLOSED_PARENT);
      const other = await push("--install-dir", `${elsewhere.path}/bin`);
      assertEquals(other.code, 0, other.stderr);
    });
  });

  const mountProblem = findMountProblem();
  const mountWhy = mountProblem ? ` (skipped: ${mountProblem})` : "";
  const MOUNTS: [state: string, options: string, message: RegExp][] = [
    ["noexec", "noexec", /may not be executed there, as on a file system mounted noexec/],
    ["read-only", "ro", /cannot create its directory: .*Read-only file system/],
    ["full", "size=16k", /cannot write it: .*No space left on device/],
  ];
  for (const [state, options, message] of MOUNTS) {
    it(`is reported with a hint at --install-dir: ${state} home directory${mountWhy}`, {
      ignore: mountProblem !== undefined,
    }, async () => {
      await withHost({ forceCommand: mountHome(options) }, async ({ push }) => {
        await using large = await createTempDirectory();
        await writeRelease(large.path, 1 << 20);
        const { code, stderr } = await push("--binaries", large.path);
        assertEquals(code, 255, stderr);
        assertMatch(stderr, message);
        assertMatch(stderr, /^hint: .*--install-dir/m);
      });
    });
  }
});

/** Returns a ForceCommand that runs the client's command in a namespace with a tmpfs as the home directory. */
function mountHome(options: string): string {
  return `unshare -m sh -c 'mount -t tmpfs -o mode=700,${options} tmpfs "$HOME" && exec sh -c "$SSH_ORIGINAL_COMMAND"'`;
}

function findMountProblem(): string | undefined {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "not root on Linux";
  try {
    const args = ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"];
    const { success } = new Deno.Command("unshare", { args, stderr: "null" }).outputSync();
    return success ? undefined : "no mount namespaces";
  } catch {
    return "no unshare";
  }
}
