/** From sources to transfers: a run may have sources on several hosts, and each pair of hosts is a session of its own. */

import type { Operand, RemoteOperand } from "../../ssh/operand.ts";
import type { AskedSource } from "../../transfer/client/asked_sources.ts";
import type { CopyOptions } from "../../transfer/client/copy_options.ts";
import type { HostAccess } from "./host_options.ts";
import type { RememberedHost } from "../../bootstrap/remembered_places.ts";

export type RemoteHost = Pick<RemoteOperand, "host" | "user" | "port">;

/** A source of the command line or of a list. */
export interface Source {
  readonly operand: Operand;
  /** It is from a list: neither patterns nor "~" mean anything in it. */
  readonly literal: boolean;
  /** Its own target, in place of that of all. */
  readonly target?: Operand;
}

/** Sources on one host that go to one host, over one session. */
export interface Transfer {
  /** Where the data goes, seen from here; "relay" and "origin" are from one remote host to another. */
  readonly direction: "local" | "push" | "pull" | "relay" | "origin";
  /** At least one, all on the same host. */
  readonly sources: readonly AskedSource[];
  /** Where those go that have no target of their own. */
  readonly target: Operand;
  /** The other host, that of the target where both sides are remote; undefined for a local copy. */
  readonly remote?: RemoteHost;
  /** The host of the sources, where the target is remote too. */
  readonly origin?: RemoteHost;
}

/**
 * Groups the sources by the hosts that they come from and go to, in the order in which these come first.
 *
 * @param target Left out: each source has its own.
 * @param options.fromOrigin Where both hosts are remote, escp is to run on the first.
 */
export function planTransfers(
  sources: readonly Source[],
  target: Operand | undefined,
  options: { fromOrigin: boolean },
): Transfer[] {
  const groups = new Map<string, Source[]>();
  for (const source of sources) {
    const key = `${hostKey(source.operand)} ${hostKey(source.target ?? target!)}`;
    const group = groups.get(key);
    if (group) group.push(source);
    else groups.set(key, [source]);
  }
  return Array.from(groups.values(), (group) => planLeg(group, target, options));
}

function planLeg(group: Source[], shared: Operand | undefined, { fromOrigin }: { fromOrigin: boolean }): Transfer {
  const [{ operand, target: own }] = group;
  // Without a source that goes to the target of all, this one only tells the host.
  const target = group.some((source) => source.target === undefined) ? shared! : own!;
  const sources = group.map(({ operand, literal, target }): AskedSource =>
    target ? { path: operand.path, literal, target: target.path } : { path: operand.path, literal }
  );
  const transfer = { sources, target };
  if (target.kind === "remote") {
    if (operand.kind === "local") return { ...transfer, direction: "push", remote: hostOf(target) };
    const direction = fromOrigin ? "origin" : "relay";
    return { ...transfer, direction, remote: hostOf(target), origin: hostOf(operand) };
  }
  if (operand.kind === "local") return { ...transfer, direction: "local" };
  return { ...transfer, direction: "pull", remote: hostOf(operand) };
}

export function hostOf({ host, user, port }: RemoteOperand): RemoteHost {
  return { host, user, port };
}

/** Equal for operands that one session serves. */
export function hostKey(operand: Operand): string {
  return operand.kind === "local" ? "" : JSON.stringify([operand.host, operand.user, operand.port]);
}

/** Who hears of a transfer. */
export type Listeners = Pick<CopyOptions, "emit" | "begun" | "note" | "unresumable" | "signal" | "manifest">;

/** A host of a transfer. */
export interface Side {
  readonly role: "remote" | "origin";
  readonly host: RemoteHost;
  readonly access: HostAccess;
  /** Where escp is there. */
  place: string;
  /** It may be put there, as nobody has named a place. */
  mayPut: boolean;
}

/** What tells one host from another as far as its files are concerned. */
export function rememberedHost({ host, user, port }: RemoteHost, { ssh }: Pick<HostAccess, "ssh">): RememberedHost {
  return { host, user, port: port ?? ssh.port };
}
