/** The executable for Windows, run by Wine in a temporary prefix. */

import { exists } from "@std/fs/exists";
import { fromFileUrl } from "@std/path";
import { isInstalled } from "../../../scripts/is_installed.ts";
import { executableName } from "../../../src/bootstrap/system.ts";
import { indexOfNeedle } from "../../../src/bytes.ts";
import { VERSION } from "../../../src/cli/version.ts";
import { createTempDirectory } from "../files/temp.ts";
import { writeWrapper } from "../shell_script.ts";
import { startSshBridge } from "./ssh_bridge.ts";

const SOURCES = fromFileUrl(new URL(".", import.meta.url));
const COMPILER = "x86_64-w64-mingw32-gcc";
/** Debian installs these outside of PATH. */
const WINE = "/usr/lib/wine/wine64";
const SERVER = "/usr/lib/wine/wineserver";
/** Maximum time to create a prefix, which only catches hangs. */
const BOOT_SECONDS = 600;

/** The executable for Windows, which a compilation for all systems has written. */
const DIST = fromFileUrl(new URL("../../../dist", import.meta.url));
const EXECUTABLE = `${DIST}/${executableName(VERSION, "windows-x64")}`;

/** Returns what is missing on this machine; undefined if nothing is. */
export async function wineProblem(): Promise<string | undefined> {
  if (!Deno.env.has("ESCP_BINARY")) return "no ESCP_BINARY";
  if (!await exists(EXECUTABLE)) return `no ${EXECUTABLE}`;
  for (const program of [WINE, SERVER, COMPILER]) if (!await isInstalled(program)) return `no ${program}`;
  return undefined;
}

/** A prefix of Wine with the executable in it. */
export interface WineEscp extends AsyncDisposable {
  /** Program that runs the executable. */
  readonly command: string[];
  /** Directory on this machine that is `C:\`. */
  readonly drive: string;
  /** Gives Windows the named pipe of ssh-agent, whose requests an agent of this machine answers. Disposing ends the pipe. */
  startAgentPipe(socket: string): Promise<AsyncDisposable>;
}

/** Creates a prefix for the executable. Its ssh.exe runs the ssh of this machine. */
export async function startWineEscp(): Promise<WineEscp> {
  await using started = new AsyncDisposableStack();
  const { path } = started.use(await createTempDirectory());
  const { port } = started.use(startSshBridge());
  const prefix = `${path}/prefix`;
  const env = {
    WINEPREFIX: prefix,
    WINEDEBUG: "-all",
    WINESERVER: SERVER,
    WINEDLLOVERRIDES: "mscoree,mshtml=",
    DISPLAY: "",
    HOME: path,
  };
  await preparePrograms(path);
  await Deno.mkdir(prefix);
  // The server ends with the suite, and not with the first run.
  await run(SERVER, ["-p"], env);
  started.defer(async () => {
    await run(SERVER, ["-k"], env);
    await run(SERVER, ["-w"], env);
  });
  await run("timeout", [String(BOOT_SECONDS), WINE, "wineboot", "--init"], env);
  const exports = Object.entries({ ...env, SSH_BRIDGE: String(port), WINEPATH: `Z:${path}` })
    .map(([name, value]) => `export ${name}='${value}'`);
  const command = [await writeWrapper(`${path}/escp`, [WINE, `${path}/escp.exe`], ...exports)];
  const running = started.move();
  return {
    command,
    drive: `${prefix}/drive_c`,
    startAgentPipe: (socket) => startAgentPipe(socket, `${path}/agent.exe`, env),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Starts agent.c, and passes its connections to the socket. */
async function startAgentPipe(socket: string, program: string, env: Record<string, string>): Promise<AsyncDisposable> {
  await compile(`${SOURCES}agent.c`, program, "-lws2_32");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const conn of listener) {
      const agent = await Deno.connect({ transport: "unix", path: socket });
      await Promise.allSettled([conn.readable.pipeTo(agent.writable), agent.readable.pipeTo(conn.writable)]);
    }
  })();
  const args = [program, `${listener.addr.port}`];
  const child = new Deno.Command(WINE, { args, env, stdin: "null", stdout: "piped", stderr: "null" }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      listener.close();
      await Promise.allSettled([child.status, serving, reader.cancel()]);
    },
  };
}

/** Writes escp.exe, ssh.exe and, if Wine lacks it, bcryptprimitives.dll into a directory. */
async function preparePrograms(path: string): Promise<void> {
  const program = await Deno.readFile(EXECUTABLE);
  // Wine 8 offers placeholders of memory to V8, and then fails to reserve them. Without this name V8 does not use them.
  rename(program, "VirtualAlloc2", "VirtualAllocX");
  await Deno.writeFile(`${path}/escp.exe`, program);
  await compile(`${SOURCES}ssh.c`, `${path}/ssh.exe`, "-lws2_32");
  if (await exists("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/bcryptprimitives.dll")) return;
  await compile(`${SOURCES}bcryptprimitives.c`, `${path}/bcryptprimitives.dll`, "-shared", "-ladvapi32");
}

/** Replaces a name that ends in a zero byte by one of the same length. */
function rename(program: Uint8Array, from: string, to: string): void {
  const at = indexOfNeedle(program, new TextEncoder().encode(`${from}\0`));
  if (at >= 0) program.set(new TextEncoder().encode(to), at);
}

function compile(source: string, output: string, ...options: string[]): Promise<void> {
  return run(COMPILER, ["-O1", "-o", output, source, ...options], {});
}

/** Runs a program without pipes, which the processes of Wine would keep open. */
async function run(program: string, args: string[], env: Record<string, string>): Promise<void> {
  const { success, code } = await new Deno.Command(program, {
    args,
    env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  // Ending a server that has ended already fails.
  if (!success && !args.includes("-k")) throw new Error(`${program} ${args.join(" ")} has status ${code}`);
}
