/**
 * Networks of a test's own: namespaces (ip-netns(8)) that are joined by virtual cables (veth(4)). Nothing of the
 * machine's network is touched. Linux, root, and iproute2.
 */

import { describe } from "./bdd.ts";
import { sshdProblem } from "./needs_sshd.ts";

/** A cable between two hosts: the name and the addresses, with prefix length, of each end. */
export interface Cable {
  hosts: [string, string];
  /** "10.1.0.1/24"; IPv6 as well. */
  addresses: [string, string];
}

/** Some hosts, which have only what stands in their cables. */
export interface Network extends AsyncDisposable {
  /** The namespace of a host. */
  namespace(host: string): string;
  /** Runs `ip` with these arguments on a host, such as "rule add ..." */
  ip(host: string, args: string): Promise<void>;
}

/** Makes it. Names are new for each run; disposing removes all of it. */
export async function createNetwork(hosts: string[], cables: Cable[]): Promise<Network> {
  const run = crypto.randomUUID().slice(0, 8);
  const namespace = (host: string) => `escp-test-${run}-${host}`;
  const made: string[] = [];
  const network: Network = {
    namespace,
    ip: (host, args) => ip(["-n", namespace(host), ...args.split(" ")]),
    async [Symbol.asyncDispose]() {
      for (const name of made.splice(0)) await ip(["netns", "del", name]);
    },
  };
  try {
    for (const host of hosts) {
      await ip(["netns", "add", namespace(host)]);
      made.push(namespace(host));
      await network.ip(host, "link set lo up");
    }
    for (const [index, { hosts: [a, b], addresses }] of cables.entries()) {
      const name = `cable${index}`;
      await ip(
        `link add ${name} netns ${namespace(a)} type veth peer name ${name} netns ${namespace(b)}`.split(" "),
      );
      for (const [end, host] of [a, b].entries()) {
        // Without the wait for somebody else who might have the address already.
        const quick = addresses[end].includes(":") ? " nodad" : "";
        await network.ip(host, `addr add ${addresses[end]} dev ${name}${quick}`);
        await network.ip(host, `link set ${name} up`);
      }
    }
    return network;
  } catch (error) {
    await network[Symbol.asyncDispose]();
    throw error;
  }
}

/** What comes before a command line to run it in a namespace; nothing for that of the caller. */
export function enter(namespace: string | undefined): string[] {
  return namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
}

/** As `describe`, for suites that need an ssh server and networks of their own; elsewhere skipped by name. */
export function describeWithNetworks(name: string, body: () => void): void {
  const problem = sshdProblem ?? findProblem();
  if (problem === undefined) describe(name, body);
  else describe(`${name} (skipped: ${problem})`, { ignore: true }, body);
}

function findProblem(): string | undefined {
  if (Deno.build.os !== "linux") return "no network namespaces but on Linux";
  if (Deno.uid() !== 0) return "only root can make networks";
  const name = `escp-test-${crypto.randomUUID().slice(0, 8)}`;
  try {
    for (const args of [["add", name], ["del", name]]) {
      const { success } = new Deno.Command("ip", { args: ["netns", ...args], stderr: "null" }).outputSync();
      if (!success) return "this system lets nobody make network namespaces";
    }
  } catch {
    return "no ip (iproute2) in the PATH";
  }
}

async function ip(args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args, stdin: "null" }).output();
  if (!success) throw new Error(`Cannot run ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
