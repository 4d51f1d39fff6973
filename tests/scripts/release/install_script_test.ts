/** scripts/install.sh, with a server on the loopback interface. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exists } from "@std/fs/exists";
import { describe, it } from "@std/testing/bdd";
import { createTempDirectory } from "../../support/files/temp.ts";
import { listNames } from "../../support/files/list_names.ts";
import { writeScript } from "../../support/shell_script.ts";
import { releaseOfSuite, ROOT } from "./sample_release.ts";

/** Loader of musl, which Debian's package musl also installs. Its name ldd makes it print what ldd prints on Alpine. */
const MUSL_LOADER = "/lib/ld-musl-x86_64.so.1";
const hasLoader = await exists(MUSL_LOADER);

interface Served extends AsyncDisposable {
  url: string;
}

/** Returns what is served as the contents of a file; undefined: not found. */
type Change = (name: string, contents: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | undefined;

/** Serves the files of a directory. */
function serve(directory: string, change: Change): Served {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const name = new URL(request.url).pathname.slice(1);
    const contents = change(name, await Deno.readFile(`${directory}/${name}`));
    return contents ? new Response(contents) : new Response("not found", { status: 404 });
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

const unchanged: Change = (_, contents) => contents;

/** Runs the script with this home directory. */
async function install(home: string, args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: [`${ROOT}/scripts/install.sh`, ...args],
    env: { HOME: home, PATH: Deno.env.get("PATH")!, ...env },
    clearEnv: true,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

describe("scripts/install.sh", () => {
  const release = releaseOfSuite();

  it("installs an executable that runs into ~/.local/bin", async () => {
    await using directory = await createTempDirectory();
    const home = `${directory.path}/home`;
    await using site = serve(release.path, unchanged);
    const { code, stdout, stderr } = await install(home, [`${site.url}/`]);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^Installed escp \S+ as .*\/home\/\.local\/bin\/escp\nhint: Add .* to PATH\n$/);
    assertEquals(listNames(`${home}/.local/bin`), ["escp"]);
    assertEquals((await Deno.stat(`${home}/.local/bin/escp`)).mode! & 0o777, 0o755);
  });

  it("downloads by wget without curl", async () => {
    await using directory = await createTempDirectory();
    const home = `${directory.path}/home`;
    await using site = serve(release.path, unchanged);
    const bin = `${directory.path}/bin`;
    await Deno.mkdir(bin);
    const PROGRAMS = [
      "cat",
      "cut",
      "env",
      "getconf",
      "grep",
      "gzip",
      "mkdir",
      "mktemp",
      "mv",
      "rm",
      "sh",
      "sha256sum",
      "tail",
      "tar",
      "uname",
    ];
    for (const name of PROGRAMS) await Deno.symlink(await which(name), `${bin}/${name}`);
    await writeScript(`${bin}/wget`, `[ "$1 $2" = "-q -O" ] || exit 2`, `${await which("curl")} -sfo "$3" "$4"`);
    const { code, stderr } = await install(home, [], { PATH: bin, ESCP_URL: site.url, ESCP_DIR: `${home}/tools` });
    assertEquals([code, stderr], [0, ""]);
    assertEquals(listNames(`${home}/tools`), ["escp"]);
  });

  it("keeps the installed executable if the checksum of the download differs", async () => {
    await using directory = await createTempDirectory();
    const home = `${directory.path}/home`;
    await using site = serve(release.path, (name, contents) => {
      if (name.endsWith(".tar.gz")) contents[contents.length - 1] ^= 1;
      return contents;
    });
    await Deno.mkdir(`${home}/.local/bin`, { recursive: true });
    await Deno.writeTextFile(`${home}/.local/bin/escp`, "older");
    const { code, stderr } = await install(home, [site.url]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "its SHA-256 differs from SHA256SUMS\nhint: ");
    assertEquals(await Deno.readTextFile(`${home}/.local/bin/escp`), "older");
    assertEquals(listNames(`${home}/.local/bin`), ["escp"]);
  });

  it("fails without leaving files if a download is missing or incomplete", async () => {
    await using directory = await createTempDirectory();
    const home = `${directory.path}/home`;
    const errorWith = async (change: Change) => {
      await using site = serve(release.path, change);
      const { code, stderr } = await install(home, [site.url]);
      assertEquals(code, 1);
      return stderr.replace(site.url, "URL");
    };
    const isArchive = (name: string) => name.endsWith(".tar.gz");
    const short = await errorWith((name, contents) => isArchive(name) ? contents.subarray(0, 1000) : contents);
    assertStringIncludes(short, "its SHA-256 differs from SHA256SUMS");
    const missing = await errorWith((name, contents) => isArchive(name) ? undefined : contents);
    assertMatch(missing, /^install\.sh: Cannot download URL\/escp-.*\.tar\.gz$/m);
    assertMatch(await errorWith(() => undefined), /^install\.sh: Cannot download URL\/SHA256SUMS$/m);
    const other = await errorWith(() => new Uint8Array());
    assertStringIncludes(other, `install.sh: Cannot install: URL/SHA256SUMS has no archive for ${release.system}`);
    assertEquals(listNames(`${home}/.local/bin`), []);
  });

  it("names systems without an executable, and a missing URL", async () => {
    await using directory = await createTempDirectory();
    const { path } = directory;
    const withUname = async (kernel: string, machine: string) => {
      await writeScript(`${path}/uname`, `case $1 in -s) echo ${kernel} ;; *) echo ${machine} ;; esac`);
      const { code, stderr } = await install(path, ["http://127.0.0.1:1"], { PATH: `${path}:${Deno.env.get("PATH")}` });
      assertEquals(code, 1);
      return stderr;
    };
    assertEquals(
      await withUname("FreeBSD", "amd64"),
      "install.sh: Cannot install on FreeBSD: there is no executable for it\n",
    );
    assertStringIncludes(await withUname("Linux", "riscv64"), "Cannot install on Linux for riscv64");
    await writeScript(`${path}/getconf`, "exit 1");
    await writeScript(`${path}/ldd`, "exit 127");
    assertStringIncludes(
      await withUname("Linux", "x86_64"),
      "its C library is unknown, and the executable needs glibc",
    );
    assertStringIncludes((await install(path, [])).stderr, "hint: Name the directory of a release");
    assertEquals(await exists(`${path}/.local`), false);
  });
});

describe("scripts/install.sh on musl", () => {
  /** Runs the script with an ldd that `write` creates, and without getconf. */
  const installWith = async (write: (ldd: string) => Promise<unknown>) => {
    await using directory = await createTempDirectory();
    const { path } = directory;
    await writeScript(`${path}/getconf`, "exit 1");
    await write(`${path}/ldd`);
    return await install(path, ["http://127.0.0.1:1"], { PATH: `${path}:${Deno.env.get("PATH")}` });
  };
  const REFUSED = {
    code: 1,
    stdout: "",
    stderr: "install.sh: Cannot install on this Linux: its C library is musl, as on Alpine, and the executable needs " +
      "glibc 2.27 or later\nhint: Run escp from source with a Deno for this system\n",
  };

  it("names the reason, and escp from source as the alternative", async () => {
    const lines = ["echo 'musl libc (x86_64)' >&2", "echo 'Version 1.2.5' >&2", "exit 1"];
    assertEquals(await installWith((ldd) => writeScript(ldd, ...lines)), REFUSED);
  });

  it(
    `recognizes the ldd of musl${hasLoader ? "" : ` (skipped: no ${MUSL_LOADER})`}`,
    { ignore: !hasLoader },
    async () => {
      assertEquals(await installWith((ldd) => Deno.symlink(MUSL_LOADER, ldd)), REFUSED);
    },
  );

  it("accepts a glibc without getconf", async () => {
    const { stderr } = await installWith((ldd) => writeScript(ldd, "echo 'ldd (GNU libc) 2.39'"));
    assertStringIncludes(stderr, "Cannot download http://127.0.0.1:1/SHA256SUMS");
  });
});

/** Returns the path of a program. */
async function which(program: string): Promise<string> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", `command -v ${program}`] }).output();
  return new TextDecoder().decode(stdout).trim();
}
