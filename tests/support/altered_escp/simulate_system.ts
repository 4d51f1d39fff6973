/**
 * Makes `Deno` in this process behave like on the system that ESCP_TEST_SYSTEM names, "windows" or "darwin", where that can
 * be simulated. Missing functions fail like on that system. Must be imported first.
 */

const os = Deno.env.get("ESCP_TEST_SYSTEM");
if (os === "windows" || os === "darwin") simulate(os);

function simulate(os: "windows" | "darwin"): void {
  replace("build", { ...Deno.build, os });
  replace("dlopen", (name: string | URL) => {
    throw new Error(`Cannot open ${name}: there is no such library`);
  });
  const isForeign = (path: unknown) => /^\/(?:proc|sys|etc)\//.test(String(path)) || path === "/dev/tty";
  for (const name of ["open", "readFile", "readTextFile", "readDir", "stat", "lstat"] as const) {
    for (const key of [name, `${name}Sync`]) {
      const real = Reflect.get(Deno, key);
      replace(key, (path: unknown, ...rest: unknown[]) => {
        if (isForeign(path)) throw new Deno.errors.NotFound(`No such file or directory: ${path}`);
        return real(path, ...rest);
      });
    }
  }
  if (os === "darwin") return;
  for (const key of ["uid", "gid"]) replace(key, () => null);
  // Deno reports these permissions on Windows for files and directories alike.
  const withoutModes = (info: Deno.FileInfo) => ({ ...info, mode: 0o666, uid: null, gid: null });
  for (const name of ["stat", "lstat"] as const) {
    const [wait, sync] = [Reflect.get(Deno, name), Reflect.get(Deno, `${name}Sync`)];
    replace(name, async (path: string) => withoutModes(await wait(path)));
    replace(`${name}Sync`, (path: string) => withoutModes(sync(path)));
  }
  const statSync = Deno.FsFile.prototype.statSync;
  Deno.FsFile.prototype.statSync = function () {
    return withoutModes(statSync.call(this));
  };
  for (const key of ["umask", "chmod", "chmodSync", "chown", "chownSync"]) {
    replace(key, () => {
      throw new Deno.errors.NotSupported(`Deno.${key} is not supported on Windows`);
    });
  }
  for (const key of ["addSignalListener", "removeSignalListener"]) {
    const real = Reflect.get(Deno, key);
    replace(key, (signal: string, listener: () => void) => {
      if (signal === "SIGINT") real(signal, listener);
      else if (signal !== "SIGBREAK") throw new TypeError(`Windows has no ${signal}`);
    });
  }
}

function replace(key: string, value: unknown): void {
  Object.defineProperty(Deno, key, { value, configurable: true });
}
