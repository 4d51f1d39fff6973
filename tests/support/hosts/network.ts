/**
 * Private networks for tests: namespaces (ip-netns(8)) joined by virtual cables (veth(4)). The network of the machine stays
 * untouched. Requires Linux, root and iproute2.
 */

import { describe } from "../bdd.ts";
import { sshdProblem } from "./needs_sshd.ts";

/** A cable between two hosts. */
export interface Cable {
  hosts: [string, string];
  /** Address of each end with its prefix length, such as "10.1.0.1/24" or "fd00::1/64". */
  addresses: [string, string];
}

/** Hosts that are connected by their cables only. */
export interface Network extends AsyncDisposable {
  /** Returns the namespace of a host. */
  namespace(host: string): string;
  /** Runs `ip` with these arguments on a host, such as "rule add ..." */
  ip(host: string, args: string): Promise<void>;
}

/** Creates a network with unique names. Disposing removes it. */
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
        // Skips duplicate address detection, which would delay the address.
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

/** Returns the prefix of a command line that runs it in a namespace; empty for the namespace of the caller. */
export function enter(namespace: string | undefined): string[] {
  return namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
}

/** Registers a suite that needs an ssh server and private networks. Without them its cases are skipped by name. */
export function describeWithNetworks(name: string, body: () => void): void {
  const problem = sshdProblem ?? networksProblem();
  if (problem === undefined) describe(name, body);
  else describe(`${name} (skipped: ${problem})`, { ignore: true }, body);
}

/** Returns why no private networks can be created on this system; undefined if they can. */
export function networksProblem(): string | undefined {
  if (Deno.build.os !== "linux") return "network namespaces exist on Linux only";
  if (Deno.uid() !== 0) return "only root can create networks";
  const name = `escp-test-${crypto.randomUUID().slice(0, 8)}`;
  try {
    for (const args of [["add", name], ["del", name]]) {
      const { success } = new Deno.Command("ip", { args: ["netns", ...args], stderr: "null" }).outputSync();
      if (!success) return "this system does not allow network namespaces";
    }
  } catch {
    return "no ip (iproute2) in the PATH";
  }
}

async function ip(args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args, stdin: "null" }).output();
  if (!success) throw new Error(`Cannot run ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
