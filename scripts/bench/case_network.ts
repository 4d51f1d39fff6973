/** The network of a case of the benchmark: loopback, or a slow link for ssh and data. */

import type { Sshd } from "../../tests/support/hosts/sshd.ts";
import { freePort } from "../../tests/support/hosts/free_port.ts";
import type { BenchCase } from "./cases.ts";
import { startSlowLink } from "./slow_link.ts";

/** Access to the server through the network of a case. */
export interface CaseNetwork extends AsyncDisposable {
  /** ssh_config with the host "testhost". */
  sshConfig: string;
  /** Options of escp for the address and port of its data. */
  dataOptions: string[];
}

/** Opens the network. Disposing closes it. */
export async function openNetwork({ link }: BenchCase, sshd: Sshd): Promise<CaseNetwork> {
  if (!link) return { sshConfig: sshd.configPath, dataOptions: [], async [Symbol.asyncDispose]() {} };
  const dataPort = freePort();
  const stack = new AsyncDisposableStack();
  const ssh = stack.use(startSlowLink(sshd.port, link));
  const data = stack.use(startSlowLink(dataPort, link));
  const sshConfig = `${sshd.configPath}-slow`;
  // ssh_config(5): the first value wins.
  const lines = [
    "Host testhost",
    `  Port ${ssh.port}`,
    `  HostKeyAlias [127.0.0.1]:${sshd.port}`,
    `Include ${sshd.configPath}`,
  ];
  await Deno.writeTextFile(sshConfig, lines.join("\n") + "\n");
  return {
    sshConfig,
    dataOptions: ["--data-address", `127.0.0.1:${data.port}`, "--escp-port", `${dataPort}`],
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
