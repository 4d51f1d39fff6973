import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { existsSync as exists } from "@std/fs/exists";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { executableName, ownSystem } from "../../../src/bootstrap/system.ts";
import { VERSION } from "../../../src/cli/version.ts";
import { quoteWord } from "../../../src/ssh/shell_quote.ts";
import { alteredEscp, escpCommand, runEscp, startEscp, writeEscpWrapper } from "../../support/escp_command.ts";
import { describeWithSshd } from "../../support/needs_sshd.ts";
import { OTHER_USER, plainRightsProblem, plainShell } from "../../support/plain_rights.ts";
import { PrintedText } from "../../support/printed_text.ts";
import { descendantsOf, killProcess } from "../../support/processes.ts";
import { writeScript } from "../../support/shell_script.ts";
import { type Sshd, type SshdOptions, startSshd } from "../../support/sshd.ts";
import { createTempDirectory, type TempDirectory } from "../../support/temp.ts";

const NAME = executableName(VERSION, ownSystem(Deno.build) ?? "linux-x64");
const BINARY = Deno.env.get("ESCP_BINARY");

/** A directory of executables as a release has them: a script stands for the one of this system. */
async function writeRelease(directory: string, padding = 0): Promise<string> {
  await writeEscpWrapper(directory);
  const wrapper = await Deno.readTextFile(`${directory}/escp`);
  const script = new TextEncoder().encode(wrapper.replace(/^exec /m, 'cd "$HOME" && exec '));
  const contents = new Uint8Array(script.length + padding);
  contents.set(script);
  for (let at = script.length; at < contents.length; at += 1 << 16) {
    crypto.getRandomValues(contents.subarray(at, Math.min(at + (1 << 16), contents.length)));
  }
  await Deno.remove(`${directory}/escp`);
  await Deno.writeFile(`${directory}/${NAME}`, contents);
  const sum = encodeHex(new Uint8Array(await crypto.subtle.digest("SHA-256", contents)));
  await Deno.writeTextFile(`${directory}/SHA256SUMS`, `${"0".repeat(64)}  other\n${sum}  ${NAME}\n`);
  return sum;
}

/** Puts what the script cannot do without into a directory, and these programs. */
async function linkPrograms(directory: string, more: string[]): Promise<void> {
  const needed = ["sh", "uname", "sed", "ls", "id", "mkdir", "tr", "cut", "head", "cat", "wc", "chmod", "mv", "rm"];
  for (const name of [...needed, "bash", ...more]) {
    const found = ["/usr/bin", "/bin"].map((directory) => `${directory}/${name}`).find((path) => exists(path));
    if (found) await Deno.symlink(found, `${directory}/${name}`);
  }
}

/** Runs the remote commands of a server in a namespace where this was mounted on its home directory. */
const inMount = (options: string) =>
  `unshare -m sh -c 'mount -t tmpfs -o mode=700,${options} tmpfs "$HOME" && exec sh -c "$SSH_ORIGINAL_COMMAND"'`;

/** A place for temporary directories that has no directory above it that other users may write to, as /tmp is one. */
const CLOSED_PLACE = Deno.uid() === 0 ? "/run" : Deno.env.get("HOME");

const mountProblem = findMountProblem();

function findMountProblem(): string | undefined {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "not root on Linux";
  try {
    const { success } = new Deno.Command("unshare", {
      args: ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
      stderr: "null",
    }).outputSync();
    return success ? undefined : "no mount namespaces";
  } catch {
    return "no unshare";
  }
}

describeWithSshd("a host without escp", () => {
  let release: TempDirectory;
  let sum: string;
  beforeAll(async () => {
    Deno.env.delete("ESCP_BINARY");
    release = await createTempDirectory();
    sum = await writeRelease(release.path);
  });
  afterAll(async () => {
    await release[Symbol.asyncDispose]();
    if (BINARY !== undefined) Deno.env.set("ESCP_BINARY", BINARY);
  });

  /** Copies between a directory and such a host. */
  async function at(options: SshdOptions, body: (place: Place) => Promise<void>): Promise<void> {
    await using directory = await createTempDirectory();
    await Deno.writeTextFile(`${directory.path}/a`, "contents");
    await Deno.mkdir(`${directory.path}/cache`);
    await using sshd = await startSshd({ escp: false, ...options });
    const run = (...args: string[]) =>
      runEscp([...sshd.sshOptions, "-B", "--binaries", release.path, ...args], {
        env: { XDG_CACHE_HOME: `${directory.path}/cache` },
        timeoutMs: 60_000,
      });
    await body({
      sshd,
      directory: directory.path,
      run,
      push: (...args) => run(...args, `${directory.path}/a`, "testhost:b"),
      there: `${sshd.home}/.cache/escp/${VERSION}`,
      logins: () => sshd.log().match(/Accepted publickey/g)?.length ?? 0,
    });
  }

  interface Place {
    sshd: Sshd;
    directory: string;
    run: (...args: string[]) => ReturnType<typeof runEscp>;
    /** To "b" in the home directory. */
    push: (...args: string[]) => ReturnType<typeof runEscp>;
    /** Where escp is to be then. */
    there: string;
    logins: () => number;
  }

  /** What lies in a directory; undefined when it is not there. */
  async function names(directory: string): Promise<string[] | undefined> {
    try {
      return (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
    } catch {
      return undefined;
    }
  }

  it("gets it, for this session and those to come", async () => {
    await at({}, async ({ sshd, directory, push, run, there, logins }) => {
      const { code, stderr } = await push();
      assertEquals(code, 0, stderr);
      assertMatch(
        stderr,
        /^.*command not found\nnote: installing escp [0-9.]+ \(1 MB\) into \S+ on testhost, which lacks a compatible version\n$/,
      );
      assertEquals(await Deno.readTextFile(`${sshd.home}/b`), "contents");
      assertEquals(await names(there), ["escp"]);
      const contents = await Deno.readFile(`${there}/escp`);
      assertEquals(encodeHex(new Uint8Array(await crypto.subtle.digest("SHA-256", contents))), sum);
      assertEquals((await Deno.stat(`${there}/escp`)).mode! & 0o7777, 0o700);
      assertEquals((await Deno.stat(there)).mode! & 0o7777, 0o700);
      assertEquals(logins(), 3);

      const pulled = await run("testhost:b", `${directory}/c`);
      assertEquals(pulled.stderr, "");
      assertEquals(await Deno.readTextFile(`${directory}/c`), "contents");
      assertEquals(logins(), 4);
    });
  });

  it("gets it again when it was removed there, and nothing is sent where it is there already", async () => {
    await at({}, async ({ sshd, directory, push, there }) => {
      await push();
      await Deno.remove(there, { recursive: true });
      assertMatch((await push()).stderr, /installing escp/);
      await Deno.remove(`${directory}/cache`, { recursive: true });
      const { code, stderr } = await push();
      assertEquals(code, 0, stderr);
      assert(!stderr.includes("note:"), stderr);
      await sshd.waitForNoSession();
    });
  });

  it("gets it on both sides of a copy between two hosts, and where it runs on the first", async () => {
    await at({}, async ({ sshd, run, there }) => {
      await Deno.writeTextFile(`${sshd.home}/from`, "from");
      const relayed = await run("testhost:from", "testhost2:to");
      assertEquals(relayed.code, 0, relayed.stderr);
      assertEquals(await Deno.readTextFile(`${sshd.home}/to`), "from");

      await Deno.remove(there, { recursive: true });
      const ssh = `exec /usr/bin/ssh -F '${sshd.configPath}' "$@"`;
      await writeScript(`${sshd.binDirectory}/ssh`, ssh);
      // The way from the first host to the second is not what this is about.
      await Deno.mkdir(`${sshd.home}/.config/escp`, { recursive: true });
      await Deno.writeTextFile(`${sshd.home}/.config/escp/config.yaml`, `remote-path: ${there}/escp\n`);
      const { code, stderr } = await run("-R", "testhost:from", "testhost2:other");
      assertEquals(code, 0, stderr);
      assertEquals(await Deno.readTextFile(`${sshd.home}/other`), "from");
    });
  });

  it("gets it where the data has to go through ssh, over further sessions too", async () => {
    await at({ serverConfig: ["AllowTcpForwarding no"] }, async ({ sshd, push }) => {
      const { code, stderr } = await push("--tunnel=always");
      assertEquals(code, 0, stderr);
      assertEquals(await Deno.readTextFile(`${sshd.home}/b`), "contents");
    });
  });

  it("that has one of another protocol gets it beside that", async () => {
    await at({}, async ({ sshd, push }) => {
      const words = alteredEscp("other_versions.ts", "[0]").map(quoteWord).join(" ");
      const wrapper = await Deno.readTextFile(await writeEscpWrapper(sshd.binDirectory));
      await Deno.writeTextFile(`${sshd.binDirectory}/escp`, wrapper.replace(/^exec .*$/m, `exec ${words} "$@"`));
      const { code, stderr } = await push();
      assertEquals(code, 0, stderr);
      assertMatch(stderr, /installing escp/);
      assertEquals(await Deno.readTextFile(`${sshd.home}/b`), "contents");
    });
  });

  it("is left alone with --bootstrap=never, and where -D names another place", async () => {
    await at({}, async ({ sshd, push }) => {
      const never = await push("--bootstrap=never");
      assertEquals(never.code, 255);
      assertMatch(never.stderr, /^escp: Cannot start escp on testhost: it is not installed there/m);
      assertEquals((await push("-D", "no-such")).code, 255);
      assertEquals(await names(`${sshd.home}/.cache`), undefined);
    });
  });

  it("gets it where the login shell says no more than status 1, and into $XDG_CACHE_HOME", async () => {
    // As csh does for a command that it does not find.
    const forceCommand = `sh -c "$SSH_ORIGINAL_COMMAND"; status=$?; [ $status = 127 ] && exit 1; exit $status`;
    await using home = await createTempDirectory();
    const environment = { HOME: home.path, XDG_CACHE_HOME: `${home.path}/cache` };
    await at({ forceCommand, environment }, async ({ push }) => {
      const { code, stderr } = await push();
      assertEquals(code, 0, stderr);
      assertEquals(await names(`${home.path}/cache/escp/${VERSION}`), ["escp"]);
    });
  });

  const WITHOUT: [what: string, programs: string[]][] = [
    ["gzip and sha256sum", ["openssl"]],
    ["gzip and any program for SHA-256", []],
  ];
  for (const [what, more] of WITHOUT) {
    it(`gets it without ${what} there`, async () => {
      await using tools = await createTempDirectory();
      await linkPrograms(tools.path, more);
      await at({ environment: { PATH: tools.path } }, async ({ push, there }) => {
        const { code, stderr } = await push();
        assertEquals(code, 0, stderr);
        assertEquals(await names(there), ["escp"]);
      });
    });
  }

  const STATES: [state: string, programs: Record<string, string>, message: RegExp][] = [
    ["of another system", { uname: "echo FreeBSD" }, /no escp for its system \(FreeBSD on FreeBSD\)/],
    ["that does not say what it is", { uname: "exit 1" }, /does not tell its system \(no uname\)/],
    ["with musl", { getconf: "exit 1", ldd: "echo 'musl libc (x86_64)' >&2; exit 1" }, /C library is musl/],
    ["with an old glibc", { getconf: "echo glibc 2.17" }, /glibc 2\.17, and escp needs 2\.27 or later/],
    [
      "that is of a system without executable here",
      { uname: "case $1 in -s) echo Darwin ;; *) echo arm64 ;; esac" },
      /no executable for macos-arm64 on this machine\nhint: Put escp-[0-9.]+-macos-arm64 and its SHA256SUMS/,
    ],
    [
      "where what arrives was changed",
      { gzip: "/usr/bin/gzip \"$@\" | sed 's/exec/exit/'" },
      /what arrived is not what was sent \(another SHA-256\)/,
    ],
    [
      "where a part of it is missing",
      { gzip: '/usr/bin/gzip "$@" | head -c 40' },
      /what arrived is not what was sent \(40 bytes instead of \d+\)/,
    ],
    ["where it is said to end early", { gzip: "echo ended; exit 1" }, /cannot be written there/],
  ];
  for (const [state, programs, message] of STATES) {
    it(`${state} is told why it does not get it`, async () => {
      await at({}, async ({ sshd, push, there }) => {
        for (const [name, script] of Object.entries(programs)) {
          await writeScript(`${sshd.binDirectory}/${name}`, script);
        }
        const { code, stderr } = await push();
        assertEquals(code, 255, stderr);
        assertMatch(stderr, message);
        assertMatch(stderr, /^escp: Cannot start escp on testhost: .*\. Cannot put escp on testhost: /m);
        assertMatch(stderr, /^hint: /m);
        assertEquals(await names(there) ?? [], []);
        await sshd.waitForNoSession();
      });
    });
  }

  it("that has no sh is told so", async () => {
    await at({ environment: { PATH: "/no/such" } }, async ({ push }) => {
      const { code, stderr } = await push();
      assertEquals(code, 255, stderr);
      assertMatch(
        stderr,
        /Cannot put escp on testhost: there is no sh that runs a script \(it ended with status 127\)/,
      );
    });
  });

  const ignore = plainRightsProblem !== undefined;
  it({
    name: `with a home directory that is closed is told what to do${ignore ? ` (skipped: ${plainRightsProblem})` : ""}`,
    ignore,
    fn: () =>
      at({ forceCommand: plainShell }, async ({ sshd, push }) => {
        await Deno.chmod(sshd.home, 0o500);
        const { code, stderr } = await push();
        assertEquals(code, 255, stderr);
        assertMatch(stderr, /its directory cannot be made there: .*Permission denied/);
        assertMatch(stderr, /^hint: .*--install-dir/m);
        await Deno.chmod(sshd.home, 0o700);
        await using elsewhere = await createTempDirectory(CLOSED_PLACE);
        const other = await push("--install-dir", `${elsewhere.path}/bin`);
        assertEquals(other.code, 0, other.stderr);
      }),
  });

  const MOUNTS: [state: string, options: string, message: RegExp][] = [
    ["noexec", "noexec", /may not be executed there, as on a file system that is mounted noexec/],
    ["read-only", "ro", /its directory cannot be made there: .*Read-only file system/],
    ["full", "size=16k", /it cannot be written there: .*No space left on device/],
  ];
  for (const [state, options, message] of MOUNTS) {
    it({
      name: `with a home directory that is ${state} is told what to do${
        mountProblem ? ` (skipped: ${mountProblem})` : ""
      }`,
      ignore: mountProblem !== undefined,
      fn: () =>
        at({ forceCommand: inMount(options) }, async ({ push }) => {
          await using large = await createTempDirectory();
          await writeRelease(large.path, 1 << 20);
          const { code, stderr } = await push("--binaries", large.path);
          assertEquals(code, 255, stderr);
          assertMatch(stderr, message);
          assertMatch(stderr, /^hint: .*--install-dir/m);
        }),
    });
  }

  it("gets nothing that is not what SHA256SUMS says", async () => {
    await at({}, async ({ sshd, push }) => {
      await using other = await createTempDirectory();
      await writeRelease(other.path);
      const sums = `${other.path}/SHA256SUMS`;
      await Deno.writeTextFile(
        sums,
        (await Deno.readTextFile(sums)).replace(/[0-9a-f]{64}(?= {2}escp)/, "1".repeat(64)),
      );
      const args = ["--binaries", other.path];
      assertMatch((await push(...args)).stderr, /its SHA-256 is not the one in/);
      await Deno.writeTextFile(sums, "");
      assertMatch((await push(...args)).stderr, /has no line for it/);
      await Deno.remove(sums);
      const { code, stderr } = await push(...args);
      assertEquals(code, 255);
      assertMatch(stderr, /there is no SHA256SUMS beside it/);
      assertEquals(await names(`${sshd.home}/.cache`), undefined);
    });
  });

  it("is not asked what it is where there is no executable at all", async () => {
    await at({}, async ({ push, logins, directory }) => {
      const { code, stderr } = await push("--binaries", directory);
      assertEquals([code, logins()], [255, 1]);
      assertMatch(stderr, /^hint: .*--binaries DIR/m);
    });
  });

  /** A program that leaves a trace when it is run. */
  async function plant(path: string, trace: string): Promise<void> {
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await writeScript(path, `: >'${trace}'; echo 'escp ${VERSION}'`);
  }

  const LOOSE: [who: string, loosen: (directory: string) => Promise<void>, ignore?: boolean][] = [
    ["a group may write to", (directory) => Deno.chmod(directory, 0o770)],
    ["everybody may write to", (directory) => Deno.chmod(directory, 0o777)],
    ["everybody may write to and only owners may delete from", (directory) => Deno.chmod(directory, 0o1777)],
    ["belongs to another user", (directory) => Deno.chown(directory, OTHER_USER, null), Deno.uid() !== 0],
  ];
  for (const [who, loosen, ignore = false] of LOOSE) {
    it({
      name: `gets nothing into a directory that ${who}, or that lies below such a directory`,
      ignore,
      fn: () =>
        at({}, async ({ sshd, push, there }) => {
          const trace = `${sshd.home}/run`;
          const below = `${sshd.home}/shared/own/bin`;
          const PLACES: [directory: string, loose: string, args: string[]][] = [
            [there, there, []],
            [there, `${sshd.home}/.cache/escp`, []],
            [there, `${sshd.home}/.cache`, []],
            [below, below, ["--install-dir", below]],
            [below, `${sshd.home}/shared`, ["--install-dir", "~/shared/own/bin"]],
          ];
          for (const [directory, loose, args] of PLACES) {
            await plant(`${directory}/escp`, trace);
            await loosen(loose);
            const { code, stderr } = await push(...args);
            assertEquals(code, 255, stderr);
            const [, named] = /others may write to "(.*)", or it belongs to somebody else/.exec(stderr) ?? [];
            assertEquals(named, loose, stderr);
            assertMatch(stderr, /^hint: .*--install-dir DIR/m);
            assertEquals(await names(directory), ["escp"]);
            await Deno.remove(loose, { recursive: true });
            // Where it is not there yet, nothing is made either.
            if (loose === directory) continue;
            await Deno.mkdir(loose, { recursive: true });
            await loosen(loose);
            assertMatch((await push(...args)).stderr, /others may write to/);
            assertEquals(await names(loose), []);
            await Deno.remove(loose, { recursive: true });
          }
          assertEquals(await names(trace.replace(/\/[^/]*$/, "")).then((all) => all?.includes("run")), false);
        }),
    });
  }

  it("gets nothing through a symbolic link into a directory that others may write to", async () => {
    await at({}, async ({ sshd, push }) => {
      await Deno.mkdir(`${sshd.home}/shared`);
      await Deno.chmod(`${sshd.home}/shared`, 0o777);
      await Deno.mkdir(`${sshd.home}/shared/bin`);
      await Deno.symlink("shared/bin", `${sshd.home}/link`);
      const { code, stderr } = await push("--install-dir", "~/link");
      assertEquals(code, 255, stderr);
      assertStringIncludes(stderr, `others may write to "${sshd.home}/shared"`);
      assertEquals(await names(`${sshd.home}/shared/bin`), []);
    });
  });

  it("gets it into a directory outside of the home directory if nobody else may write above it", async () => {
    await using elsewhere = await createTempDirectory(CLOSED_PLACE);
    await at({}, async ({ push }) => {
      const { code, stderr } = await push("--install-dir", `${elsewhere.path}/new/bin`);
      assertEquals(code, 0, stderr);
      assertEquals(await names(`${elsewhere.path}/new/bin`), ["escp"]);
    });
  });

  for (const tool of ["sha256sum", "openssl", "no program"]) {
    it(`with ${tool} for SHA-256 runs no program of --install-dir that is not the one to install`, async () => {
      await using programs = await createTempDirectory();
      await linkPrograms(programs.path, tool === "no program" ? [] : [tool]);
      await at({ environment: { PATH: programs.path } }, async ({ sshd, push }) => {
        const [trace, bin] = [`${sshd.home}/run`, `${sshd.home}/bin`];
        await plant(`${bin}/escp`, trace);
        const { code, stderr } = await push("--install-dir", bin);
        assertEquals(code, 0, stderr);
        assertMatch(stderr, /installing escp/);
        assertEquals((await names(sshd.home))?.includes("run"), false);
        const contents = await Deno.readFile(`${bin}/escp`);
        assertEquals(encodeHex(new Uint8Array(await crypto.subtle.digest("SHA-256", contents))), sum);
      });
    });
  }

  it("runs no program of --install-dir that it has no executable to compare with", async () => {
    await at({}, async ({ sshd, run }) => {
      const [trace, bin] = [`${sshd.home}/run`, `${sshd.home}/bin`];
      await plant(`${bin}/escp`, trace);
      await using other = await createTempDirectory();
      await Deno.writeTextFile(`${other.path}/${executableName(VERSION, "macos-arm64")}`, "x");
      const { code, stderr } = await run("--binaries", other.path, "--install", "--install-dir", bin, "testhost");
      assertEquals(code, 1, stderr);
      assertMatch(stderr, /there is no executable for linux-/);
      assertEquals((await names(sshd.home))?.includes("run"), false);
    });
  });

  it("keeps nothing of it when this side ends in the middle", async () => {
    await at({}, async ({ sshd, directory, there }) => {
      await using large = await createTempDirectory();
      await writeRelease(large.path, 32 << 20);
      const [started, go] = [`${sshd.home}/started`, `${sshd.home}/go`];
      await writeScript(
        `${sshd.binDirectory}/gzip`,
        `head -c 1000 >/dev/null; : >'${started}'; until [ -e '${go}' ]; do sleep 0.1; done; exec /usr/bin/gzip "$@"`,
      );
      const args = [...sshd.sshOptions, "-B", "--binaries", large.path, `${directory}/a`, "testhost:b"];
      await using running = await startEscp(args, { env: { XDG_CACHE_HOME: `${directory}/cache` } });
      while (!exists(started)) await new Promise((resolve) => setTimeout(resolve, 20));
      assertEquals((await names(there))?.length, 1);
      running.kill("SIGINT");
      const { code, leftBehind } = await running.result;
      assertEquals(code, 130);
      assertEquals(await leftBehind(), []);
      await Deno.writeTextFile(go, "");
      await sshd.waitForNoSession();
      assertEquals(await names(there), []);
    });
  });

  it("keeps of it what --clean removes when its shell is killed in the middle", async () => {
    await at({}, async ({ sshd, directory, there }) => {
      const started = `${sshd.home}/started`;
      await writeScript(`${sshd.binDirectory}/gzip`, `printf 1234; : >'${started}'; exec sleep 60`);
      const args = [...sshd.sshOptions, "-B", "--binaries", release.path, `${directory}/a`, "testhost:b"];
      await using running = await startEscp(args, { env: { XDG_CACHE_HOME: `${directory}/cache` } });
      while (!exists(started)) await new Promise((resolve) => setTimeout(resolve, 20));
      for (const process of await descendantsOf(sshd.pid)) await killProcess(process);
      assertEquals((await running.result).code, 255);
      const [left] = await names(there) ?? [];
      const clean = async (days: string) => {
        const [program, ...args] = alteredEscp("later.ts", days, "--clean", sshd.home);
        const { code, stdout } = await new Deno.Command(program, { args }).output();
        return [code, new TextDecoder().decode(stdout)];
      };
      assertEquals(await clean("0"), [0, "0 files removed, 0 B; 1 left alone: in use, or changed less than 1d ago\n"]);
      assertEquals(await clean("2"), [0, `removed  ${there}/${left}  4 B\n1 file removed, 4 B\n`]);
      assertEquals(await names(there), []);
    });
  });

  it("may get it from several at once", async () => {
    await at({}, async ({ run, directory, sshd, there }) => {
      const results = await Promise.all(
        [1, 2, 3].map((number) => run(`${directory}/a`, `testhost:several-${number}`)),
      );
      assertEquals(results.map(({ code, stderr }) => code || stderr.match(/Cannot.*/)), [null, null, null]);
      assertEquals(await names(there), ["escp"]);
      assertEquals((await names(sshd.home))!.filter((name) => name.startsWith("several")).length, 3);
    });
  });

  it("gets it with --install, as others do when one of them fails", async () => {
    await at({}, async ({ run, there, push, logins, sshd }) => {
      const { code, stdout, stderr } = await run("--install", "nobody@testhost", "testhost", "testhost2");
      assertEquals(code, 1, stderr);
      assertMatch(stderr, /^escp: Cannot log in to nobody@testhost/m);
      const [first, second] = stdout.split("\n");
      assertMatch(first, /^testhost: escp [0-9.]+ is installed as \/.*\/escp \(.* through ssh\)$/);
      assertEquals(first.includes(`${there}/escp`), true);
      assertMatch(second, /^testhost2: escp [0-9.]+ is already installed as /);
      const before = logins();
      for (const { code, stderr } of [await push(), await push()]) {
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
      }
      assertEquals(logins(), before + 2);

      const dir = await run("--install", "--install-dir", "~/bin", "testhost");
      assertEquals(dir.code, 0, dir.stderr);
      assertStringIncludes(dir.stdout, `${sshd.home}/bin/escp`);
      assertEquals((await Deno.stat(`${sshd.home}/bin/escp`)).mode! & 0o7777, 0o755);
    });
  });

  const terminalProblem = findTerminalProblem();
  const onTerminal = (name: string, fn: () => Promise<void>) =>
    it({
      name: name + (terminalProblem ? ` (skipped: ${terminalProblem})` : ""),
      ignore: terminalProblem !== undefined,
      fn,
    });

  /** Copies as `push` does, with a terminal. */
  function pushOnTerminal({ sshd, directory }: Place, ...flags: string[]) {
    const args = [...sshd.sshOptions, "--binaries", release.path, ...flags, `${directory}/a`, "testhost:b"];
    const words = [...escpCommand(), ...args].map(quoteWord).join(" ");
    const child = new Deno.Command("script", {
      args: ["-qec", `exec ${words}`, "/dev/null"],
      stdin: "piped",
      stdout: "piped",
      env: { TERM: "xterm", XDG_CACHE_HOME: `${directory}/cache` },
    }).spawn();
    const writer = child.stdin.getWriter();
    const screen = new PrintedText(child.stdout);
    return {
      screen,
      type: (text: string) => writer.write(new TextEncoder().encode(text)),
      async end() {
        const [{ code }] = await Promise.all([child.status, screen.ended]);
        await writer.close().catch(() => {});
        return { code, text: screen.text };
      },
    };
  }

  onTerminal("shows how much of it is on its way", () =>
    at({}, async (place) => {
      await using large = await createTempDirectory();
      await writeRelease(large.path, 32 << 20);
      const go = `${place.sshd.home}/go`;
      const slow = `head -c 1000; until [ -e '${go}' ]; do sleep 0.1; done; exec cat`;
      await writeScript(`${place.sshd.binDirectory}/gzip`, `{ ${slow}; } | /usr/bin/gzip "$@"`);
      const { screen, end } = pushOnTerminal(place, "--binaries", large.path, "--bootstrap=always");
      await screen.waitFor(/\rescp [0-9.]+ to testhost +\d+% .* of 32\.0 MiB/);
      await Deno.writeTextFile(go, "");
      const { code, text } = await end();
      assertEquals(code, 0, text);
    }));

  onTerminal("does not get it when Ctrl-C is the answer", () =>
    at({}, async (place) => {
      const { screen, type, end } = pushOnTerminal(place);
      await screen.waitFor(/\[Y\/n\] $/);
      await type("\x03");
      const { code, text } = await end();
      assertEquals(code, 130, text);
      assertMatch(text, /\[Y\/n\] (\^C)?\r\nescp: Interrupted/);
      assertEquals(await names(place.there), undefined);
      await place.sshd.waitForNoSession();
    }));

  onTerminal("gets it from a terminal when that is agreed to", () =>
    at({}, async (place) => {
      const { there } = place;
      const type = async (answer: string, ...flags: string[]) => {
        const { type, end } = pushOnTerminal(place, ...flags);
        await type(answer);
        return await end();
      };
      const declined = await type("n\n");
      assertMatch(declined.text, /note: escp is not installed on testhost; uploading it/);
      assertMatch(declined.text, /Install escp [0-9.]+ \(1 MB\) into \/.* on testhost\? \[Y\/n\] /);
      assertEquals(declined.code, 255, declined.text);
      assertMatch(declined.text, /it is not installed there .*, and you declined to install it/);
      assertEquals(await names(there), undefined);
      const batch = await type("", "-B");
      assert(!batch.text.includes("Install"), batch.text);
      assertEquals(await names(there), ["escp"]);
      await Deno.remove(there, { recursive: true });
      const agreed = await type("\n");
      assertEquals(agreed.code, 0, agreed.text);
      assertEquals(await names(there), ["escp"]);
    }));
});

describeWithSshd("an executable of its own", () => {
  it({
    name: `puts itself on a host without escp${BINARY === undefined ? " (skipped: no ESCP_BINARY)" : ""}`,
    ignore: BINARY === undefined,
    async fn() {
      await using sshd = await startSshd({ escp: false });
      await using directory = await createTempDirectory();
      await Deno.writeTextFile(`${directory.path}/a`, "contents");
      const env = { XDG_CACHE_HOME: directory.path };
      // A path in the home directory would be in the real one: this escp is no wrapper that goes to that of the test.
      const to = `testhost:${sshd.home}/b`;
      const { code, stderr } = await runEscp([...sshd.sshOptions, `${directory.path}/a`, to], { env });
      assertEquals(code, 0, stderr);
      assertEquals(await Deno.readTextFile(`${sshd.home}/b`), "contents");
      const there = `${sshd.home}/.cache/escp/${VERSION}/escp`;
      assertEquals((await Deno.stat(there)).size, (await Deno.stat(BINARY!)).size);
    },
  });
});

function findTerminalProblem(): string | undefined {
  try {
    const { success } = new Deno.Command("script", { args: ["-qec", "true", "/dev/null"], stdin: "null" }).outputSync();
    return success ? undefined : "script(1) of another kind";
  } catch {
    return "no script(1)";
  }
}
