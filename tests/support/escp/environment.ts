/** The environment of this process, for code that runs in it. */

import { escpEnvironment } from "./escp_command.ts";

/** Gives this process the environment of programs that the tests start, until disposed. */
export async function useEscpEnvironment(added: Record<string, string | undefined> = {}): Promise<Disposable> {
  return replaceEnvironment(await escpEnvironment(added));
}

/** Replaces the environment of this process, until disposed. */
export function replaceEnvironment(env: Record<string, string>): Disposable {
  const before = Deno.env.toObject();
  const set = (from: Record<string, string>, to: Record<string, string>) => {
    for (const name of Object.keys(from)) if (!(name in to)) Deno.env.delete(name);
    for (const [name, value] of Object.entries(to)) Deno.env.set(name, value);
  };
  set(before, env);
  return { [Symbol.dispose]: () => set(env, before) };
}
