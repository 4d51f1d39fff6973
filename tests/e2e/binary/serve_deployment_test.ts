/**
 * The deployments of `escp --serve` in src/cli/MANUAL.md, without systemd and Docker: the compiled binary runs with the same
 * restrictions, made with namespaces.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { dirname } from "@std/path";
import { describe, it } from "@std/testing/bdd";
import { isInstalled } from "../../../scripts/is_installed.ts";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { createTempDirectory, type TempDirectory } from "../../support/files/temp.ts";
import { createTempTree, writeTree } from "../../support/files/temp_tree.ts";
import { type Serving, startServing } from "../../support/hosts/serving.ts";
import { blocksOf } from "../../support/manual_blocks.ts";
import { commandOf, descendantsOf, killProcess } from "../../support/processes.ts";

const TREE = { "small": "small", "empty": "", "directory/large": { size: 5 << 20, seed: 7 } };

/** A user without an account. */
const USER = 12345;
const BINARY = Deno.env.get("ESCP_BINARY");
const TOOLS = ["unshare", "setpriv", "chroot", "ldd"];
const hasTools = (await Promise.all(TOOLS.map(isInstalled))).every(Boolean);
const problem = Deno.build.os !== "linux"
  ? "not Linux"
  : BINARY === undefined
  ? "no compiled binary"
  : Deno.uid() !== 0
  ? "not root"
  : hasTools
  ? undefined
  : "a tool is missing";
const suffix = problem === undefined ? "" : ` (skipped: ${problem})`;

/** Makes the user the owner of a tree. */
async function giveToUser(...paths: string[]): Promise<void> {
  const { success } = await new Deno.Command("chown", { args: ["-R", `${USER}:${USER}`, ...paths] }).output();
  assert(success);
}

/** Pushes and pulls a tree, and compares it. */
async function copiesBothWays(serving: Serving): Promise<void> {
  await writeTree(`${serving.work}/tree`, TREE);
  const pushed = await serving.run(["-r", "tree", serving.url("pushed")]);
  assertEquals(pushed.code, 0, pushed.stderr + serving.server.printed.stderr);
  assertEquals(await compareTrees(`${serving.work}/tree`, `${serving.root}/pushed`), []);
  assertEquals((await Deno.stat(`${serving.root}/pushed`)).uid, USER);
  const pulled = await serving.run(["-r", serving.url("pushed"), "pulled"]);
  assertEquals(pulled.code, 0, pulled.stderr + serving.server.printed.stderr);
  assertEquals(await compareTrees(`${serving.work}/tree`, `${serving.work}/pulled`), []);
}

/** As the unit: ProtectSystem=strict, ReadWritePaths, StateDirectory, ProtectHome, PrivateDevices, ProtectKernelTunables. */
const RESTRICT = `
root=$1 state=$2
shift 2
mount --bind "$root" "$root" && mount --bind "$state" "$state" || exit 1
for place in $(awk '{ print $5 }' /proc/self/mountinfo); do
  case $place in "$root" | "$state" | /proc | /sys* | /dev*) ;; *) mount -o remount,bind,ro "$place" || exit 1 ;; esac
done
mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && mount -o remount,bind,ro /sys || exit 1
mount -t tmpfs -o mode=755 none /mnt || exit 1
for device in null zero full random urandom; do touch /mnt/$device && mount --bind /dev/$device /mnt/$device; done
ln -s /proc/self/fd /mnt/fd
mount --rbind /mnt /dev || exit 1
for home in /root /home; do mount -t tmpfs -o mode=0 none $home; done
exec setpriv --reuid=${USER} --regid=${USER} --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all "$@"
`;

describe(`escp --serve as a hardened service${suffix}`, { ignore: problem !== undefined }, () => {
  /** Returns a command that runs another one with the restrictions of the unit. */
  async function restricted({ root, serverHome }: Pick<Serving, "root" | "serverHome">): Promise<string[]> {
    await Deno.chmod(`${root}/..`, 0o711);
    await giveToUser(root, serverHome);
    return ["unshare", "--mount", "--propagation=private", "sh", "-c", RESTRICT, "sh", root, serverHome];
  }

  it("pushes and pulls, and cannot write outside of its root", async () => {
    await using place = await createTempDirectory();
    await Deno.chmod(place.path, 0o777);
    let restrict: string[] = [];
    await using serving = await startServing({
      command: async (directories) => [...restrict = await restricted(directories), BINARY!],
    });
    await copiesBothWays(serving);
    const write = 'for path in "$@"; do echo x >"$path/written"; done 2>&1';
    const { stdout } = await new Deno.Command(restrict[0], {
      args: [...restrict.slice(1), "sh", "-c", write, "sh", place.path, "/root", "/proc/sys/kernel", serving.root],
    }).output();
    const lines = new TextDecoder().decode(stdout).trim().split("\n");
    assertEquals(lines.length, 3, lines.join("\n"));
    assertMatch(lines[0], /Read-only file system/);
    assertEquals(await Deno.readTextFile(`${serving.root}/written`), "x\n");
    assertEquals([...Deno.readDirSync(place.path)], []);
  });
});

/** Enters a root directory as process 1 of its own process namespace. */
const ENTER = `
image=$1 root=$2
shift 2
mount -t proc proc "$image/proc" && mount --rbind /dev "$image/dev" && mount --bind "$root" "$image/data" || exit 1
exec chroot --userspec=${USER}:${USER} "$image" "$@"
`;

/** Creates the root directory of a container: the executable, the libraries that it is linked with, and empty directories. */
async function createImage(): Promise<TempDirectory> {
  const names = ["proc", "dev", "data", "config", "keys"];
  const image = await createTempTree(Object.fromEntries(names.map((name) => [name, { directory: true }])));
  await Deno.chmod(image.path, 0o755);
  await Deno.copyFile(BINARY!, `${image.path}/escp`);
  const { stdout } = await new Deno.Command("ldd", { args: [BINARY!] }).output();
  for (const [library] of new TextDecoder().decode(stdout).matchAll(/\/\S+/g)) {
    await Deno.mkdir(`${image.path}${dirname(library)}`, { recursive: true });
    await Deno.copyFile(library, `${image.path}${library}`);
  }
  return image;
}

describe(`escp --serve in a container${suffix}`, { ignore: problem !== undefined }, () => {
  it("needs only the C library, pushes and pulls as a user without an account, and ends after SIGTERM", async () => {
    await using image = await createImage();
    await using serving = await startServing({
      async command({ root, serverHome }) {
        await Deno.copyFile(`${serverHome}/.config/escp/authorized_keys`, `${image.path}/keys/authorized_keys`);
        await Deno.chmod(`${image.path}/keys/authorized_keys`, 0o644);
        await Deno.chmod(`${root}/..`, 0o711);
        await giveToUser(root, `${image.path}/config`);
        const namespaces = ["unshare", "--mount", "--propagation=private", "--pid", "--fork"];
        return [...namespaces, "sh", "-c", ENTER, "sh", image.path, root, "/escp"];
      },
      rootName: "/data",
      args: ["--one-port", "--authorized-keys", "/keys/authorized_keys"],
      // The image has no libcrypto.
      env: { XDG_CONFIG_HOME: "/config", HOME: undefined, ESCP_ENGINE: undefined },
    });
    await copiesBothWays(serving);
    const processes = await descendantsOf(serving.server.pid);
    killProcess(processes.find((process) => commandOf(process).startsWith("/escp "))!, "SIGTERM");
    assertEquals((await serving.server.result).code, 0);
  });
});

const hasSystemd = await isInstalled("systemd-analyze");

describe(`the unit of escp --serve in the manual${hasSystemd ? "" : " (skipped: no systemd)"}`, {
  ignore: !hasSystemd,
}, () => {
  it("is accepted by systemd, and has a small exposure", async () => {
    await using directory = await createTempDirectory();
    const [unit] = blocksOf("systemd service");
    assertMatch(unit, /^ExecStart=\/usr\/local\/bin\/escp --serve --root \/srv\/data /m);
    const path = `${directory.path}/escp.service`;
    // The executable and the user need not exist here.
    await Deno.writeTextFile(
      path,
      unit.replace("/usr/local/bin/escp", "/bin/true").replace("User=escp", "User=daemon"),
    );
    const analyze = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command("systemd-analyze", { args: [...args, path] }).output();
      return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
    };
    assertEquals(await analyze("verify", "--man=no"), { code: 0, text: "" });
    const { code, text } = await analyze("security", "--offline=yes", "--threshold=50", "--no-pager");
    assertEquals(code, 0, text);
  });
});
