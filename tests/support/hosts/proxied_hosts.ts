/** Two hosts, "testhost" and "other", with a proxy in front of each data port. */

import { freePort } from "./free_port.ts";
import { addHost, startSshd } from "./sshd.ts";
import type { TcpProxy } from "./tcp_proxy.ts";
import { createTempDirectory } from "../files/temp.ts";
import { writeTree } from "../files/temp_tree.ts";

export interface ProxiedHosts extends AsyncDisposable {
  /** Options of escp for both hosts. */
  readonly options: readonly string[];
  /** Environment of escp, with settings that name the proxies. */
  readonly env: Record<string, string>;
}

/** Starts both. @param proxyOf Starts the proxy in front of a host's data port. */
export async function startProxiedHosts(proxyOf: (host: string, port: number) => TcpProxy): Promise<ProxiedHosts> {
  await using stack = new AsyncDisposableStack();
  const testhost = stack.use(await startSshd());
  const other = stack.use(await startSshd());
  await addHost(testhost, "other", other);
  const hosts: Record<string, unknown> = {};
  for (const [name, { home }] of Object.entries({ testhost, other })) {
    const port = freePort();
    await writeTree(home, { ".config/escp/config.yaml": `escp-port: ${port}\n` });
    hosts[name] = { "data-address": `127.0.0.1:${stack.use(proxyOf(name, port)).port}` };
  }
  const settings = stack.use(await createTempDirectory());
  await writeTree(settings.path, { "escp/config.yaml": JSON.stringify({ hosts }) });
  const all = stack.move();
  return {
    options: [...testhost.sshOptions, "-3", "--tunnel", "never"],
    env: { XDG_CONFIG_HOME: settings.path },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
