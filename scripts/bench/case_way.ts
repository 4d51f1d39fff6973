/** The way that a case of the benchmark takes to the other side: loopback, or a slow network for ssh and data alike. */

import type { Sshd } from "../../tests/support/sshd.ts";
import type { BenchCase } from "./cases.ts";
import { startSlowLink } from "./slow_link.ts";

/** How the other side is reached. */
export interface CaseWay extends AsyncDisposable {
  /** ssh_config with the host "testhost". */
  sshConfig: string;
  /** Options for escp. */
  dataOptions: string[];
}

/** Opens it; disposing closes it. */
export async function openWay({ link }: BenchCase, sshd: Sshd): Promise<CaseWay> {
  if (!link) return { sshConfig: sshd.configPath, dataOptions: [], async [Symbol.asyncDispose]() {} };
  const dataPort = freePort();
  const stack = new AsyncDisposableStack();
  const ssh = stack.use(startSlowLink(sshd.port, link));
  const data = stack.use(startSlowLink(dataPort, link));
  const sshConfig = `${sshd.configPath}-slow`;
  // ssh_config(5): the first value counts.
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

/** Nobody holds it for us: whoever takes it meanwhile makes a run fail, which is told. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
