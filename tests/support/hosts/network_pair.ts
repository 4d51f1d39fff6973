/** A client and a server in private networks, with closed ports. */

import { assert, assertEquals } from "@std/assert";
import { afterAll, beforeAll } from "@std/testing/bdd";
import { compareTrees } from "../files/compare_trees.ts";
import { type EscpOptions, type EscpResult, runEscp } from "../escp/escp_command.ts";
import { createNetwork, type Network } from "./network.ts";
import { type Sshd, type SshdOptions, startSshd } from "./sshd.ts";
import { createTempTree } from "../files/temp_tree.ts";

/** Address of the server. */
export const SERVER = "10.77.0.2";
/** Tree that `copy` copies. */
export const CONTENTS = { "from/small": "small", "from/empty": "", "from/directory/large": { size: 9 << 20, seed: 7 } };

/** Returns routing rules (ip-rule(8)) of a host for packets from the cable to its data ports. */
export function closed(how: "blackhole" | "prohibit"): string[] {
  // Replaces the first rule, for the host's own addresses, because no other rule can precede it.
  return [
    "rule add pref 2 lookup local",
    `rule add pref 1 iif cable0 ipproto tcp dport 1232-1242 ${how}`,
    "rule del pref 0",
  ];
}

/** A client and a server. */
export interface Pair extends AsyncDisposable {
  network: Network;
  sshd: Sshd;
  run(args: string[], options?: EscpOptions): Promise<EscpResult>;
  /** Copies a tree, compares it, checks that no process is left, and returns the messages. */
  copy(direction: "push" | "pull", args?: string[], options?: EscpOptions): Promise<string>;
}

/** Starts a pair. @param rules Routing rules of the server. */
export async function startPair(rules: string[], options: SshdOptions = {}): Promise<Pair> {
  const network = await createNetwork(["client", "server"], [
    { hosts: ["client", "server"], addresses: ["10.77.0.1/24", `${SERVER}/24`] },
  ]);
  try {
    for (const rule of rules) await network.ip("server", rule);
    const namespace = network.namespace("server");
    const sshd = await startSshd({ addresses: [SERVER], namespace, ...options });
    return pairOf(network, sshd, "testhost");
  } catch (error) {
    await network[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Starts one pair for all cases of the suite in whose body this is called.
 *
 * @param prepare Called after the start.
 */
export function pairOfSuite(
  start: () => Promise<Pair>,
  prepare: (pair: Pair) => Promise<void> = () => Promise.resolve(),
): Omit<Pair, keyof AsyncDisposable> {
  let pair: Pair;
  beforeAll(async () => {
    pair = await start();
    await prepare(pair);
  });
  afterAll(() => pair[Symbol.asyncDispose]());
  return {
    get network() {
      return pair.network;
    },
    get sshd() {
      return pair.sshd;
    },
    run: (args, options) => pair.run(args, options),
    copy: (direction, args, options) => pair.copy(direction, args, options),
  };
}

/** Makes a host report refused packets at once. Linux does so only while forwarding, and limits the rate. */
export async function reportRejections(network: Network, host = "server"): Promise<void> {
  await setSysctl(network, host, "net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0");
}

/** Sets kernel parameters of a host (sysctl(8)). @param settings Items "name=value". */
export async function setSysctl(network: Network, host: string, ...settings: string[]): Promise<void> {
  const args = ["netns", "exec", network.namespace(host), "sysctl", "-qw", ...settings];
  assert((await new Deno.Command("ip", { args }).output()).success);
}

/** Joins a network and its server. @param host Name of the server for ssh. */
export function pairOf(network: Network, sshd: Sshd, host: string): Pair {
  const run = (args: string[], options: EscpOptions = {}) =>
    runEscp([...sshd.sshOptions, "-r", ...args], { namespace: network.namespace("client"), ...options });
  return {
    network,
    sshd,
    run,
    async copy(direction, args = [], options) {
      await using tree = await createTempTree(CONTENTS);
      const [from, to] = [`${tree.path}/from`, `${tree.path}/to`];
      const operands = direction === "push" ? [from, `${host}:${to}`] : [`${host}:${from}`, to];
      const { code, stderr, leftBehind } = await run([...args, ...operands], options);
      assertEquals(code, 0, stderr);
      assertEquals(await compareTrees(from, to), []);
      assertEquals(await leftBehind(), []);
      await sshd.waitForNoSession();
      return stderr;
    },
    async [Symbol.asyncDispose]() {
      await sshd[Symbol.asyncDispose]();
      await network[Symbol.asyncDispose]();
    },
  };
}
