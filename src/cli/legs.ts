/** From operands to legs: a run may have sources on several hosts, and each pair of hosts is a session of its own. */

import { type Operand, type RemoteOperand } from "../ssh/operand.ts";

export type RemoteHost = Pick<RemoteOperand, "host" | "user" | "port">;

/** Sources on one host that go to one host, over one session. */
export interface Leg {
  /** Where the data goes, seen from here; "relay" and "origin" are from one remote host to another. */
  readonly direction: "local" | "push" | "pull" | "relay" | "origin";
  /** At least one, all on the same host. */
  readonly sources: readonly [Operand, ...Operand[]];
  readonly target: Operand;
  /** The other host, that of the target where both sides are remote; undefined for a local copy. */
  readonly remote?: RemoteHost;
  /** The host of the sources, where the target is remote too. */
  readonly origin?: RemoteHost;
}

/**
 * Groups the sources by host, in the order in which the hosts come first.
 *
 * @param options.fromOrigin Where both hosts are remote, escp is to run on the first.
 */
export function planLegs(
  sources: readonly Operand[],
  target: Operand,
  options: { fromOrigin: boolean },
): [Leg, ...Leg[]] {
  const groups = new Map<string, [Operand, ...Operand[]]>();
  for (const source of sources) {
    const key = hostKey(source);
    const group = groups.get(key);
    if (group) group.push(source);
    else groups.set(key, [source]);
  }
  return Array.from(groups.values(), (group) => planLeg(group, target, options)) as [Leg, ...Leg[]];
}

function planLeg(sources: [Operand, ...Operand[]], target: Operand, { fromOrigin }: { fromOrigin: boolean }): Leg {
  const [source] = sources;
  const shared = { sources, target };
  if (target.kind === "remote") {
    if (source.kind === "local") return { ...shared, direction: "push", remote: hostOf(target) };
    const direction = fromOrigin ? "origin" : "relay";
    return { ...shared, direction, remote: hostOf(target), origin: hostOf(source) };
  }
  if (source.kind === "local") return { ...shared, direction: "local" };
  return { ...shared, direction: "pull", remote: hostOf(source) };
}

function hostOf({ host, user, port }: RemoteOperand): RemoteHost {
  return { host, user, port };
}

/** Equal for operands that one session serves. */
function hostKey(operand: Operand): string {
  return operand.kind === "local" ? "" : JSON.stringify([operand.host, operand.user, operand.port]);
}
