/** File attributes of chattr(1), which even root must remove before it can delete a file. */

/** Reason why chattr cannot be tested on this system; undefined if it can. */
export const chattrProblem: string | undefined = findProblem();

/** Protects a file or directory until disposed: "i" makes it immutable, "a" append-only. */
export function protect(path: string, attribute: "i" | "a"): Disposable {
  if (!chattr(`+${attribute}`, path)) throw new Error(`Cannot set the attribute ${attribute} of ${path}`);
  return {
    [Symbol.dispose]() {
      if (!chattr(`-${attribute}`, path)) throw new Error(`Cannot remove the attribute ${attribute} of ${path}`);
    },
  };
}

function chattr(change: string, path: string): boolean {
  return new Deno.Command("chattr", { args: [change, path], stderr: "null" }).outputSync().success;
}

function findProblem(): string | undefined {
  const path = Deno.makeTempFileSync();
  try {
    return chattr("+i", path) && chattr("-i", path) ? undefined : "chattr fails here";
  } catch {
    return "no chattr";
  } finally {
    Deno.removeSync(path);
  }
}
