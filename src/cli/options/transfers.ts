/** Groups the sources of a run into transfers: one session for each pair of hosts. */

import type { Operand, RemoteHost, RemoteOperand } from "../../ssh/operand.ts";
import type { CopyListeners } from "../../transfer/client/copy_options.ts";
import type { Program } from "../program.ts";
import type { RequestedSource } from "../../transfer/requested_sources.ts";
import type { HostAccess } from "./host_options.ts";

/** A source from the command line or from a list. */
export interface Source {
  readonly operand: Operand;
  /** Whether the source is from a list: patterns and "~" are not expanded. */
  readonly literal: boolean;
  /** Target of this source alone. */
  readonly target?: Operand;
}

/** Sources on one host that are copied to one host, over one session. */
export interface Transfer {
  /** Direction of the data, seen from this machine. "relay" and "origin" are copies between remote hosts. */
  readonly direction: "local" | "push" | "pull" | "relay" | "origin";
  /** At least one, all on the same host. */
  readonly sources: readonly RequestedSource[];
  /** Target of the sources without a target of their own. */
  readonly target: Operand;
  /** The remote host; the host of the target if both are remote; undefined for a local copy. */
  readonly remote?: RemoteHost;
  /** Host of the sources if the target is remote too. */
  readonly origin?: RemoteHost;
}

/**
 * Groups the sources by source and target host, in the order in which the pairs of hosts first occur.
 *
 * @param target undefined if each source has its own.
 * @param options.fromOrigin whether escp runs on the source host if both hosts are remote.
 */
export function planTransfers(
  sources: readonly Source[],
  target: Operand | undefined,
  options: { fromOrigin: boolean },
): Transfer[] {
  const groups = Map.groupBy(sources, (source) => `${hostKey(source.operand)} ${hostKey(source.target ?? target!)}`);
  return Array.from(groups.values(), (group) => planTransfer(group, target, options));
}

function planTransfer(group: Source[], shared: Operand | undefined, { fromOrigin }: { fromOrigin: boolean }): Transfer {
  const [{ operand, target: own }] = group;
  // If every source has its own target, this one only names the host.
  const target = group.some((source) => source.target === undefined) ? shared! : own!;
  const sources = group.map(({ operand, literal, target }): RequestedSource =>
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

/** Returns the host of an operand. */
export function hostOf({ host, user, port, serve }: RemoteOperand): RemoteHost {
  return { host, user, port, serve };
}

/** Returns a key that is the same for all operands that one session can serve. */
export function hostKey(operand: Operand): string {
  return operand.kind === "local" ? "" : JSON.stringify([operand.host, operand.user, operand.port, operand.serve]);
}

/** Callbacks of a transfer, and the program that runs it. */
export interface TransferListeners extends
  Pick<
    CopyListeners,
    "emit" | "showsTotals" | "begun" | "note" | "unresumable" | "signal" | "manifest" | "observer" | "shards"
  > {
  program: Program;
}

/** Returns the login under which the path of escp on a host is remembered. */
export function rememberedHost({ host, user, port }: RemoteHost, { ssh }: Pick<HostAccess, "ssh">): RemoteHost {
  return { host, user, port: port ?? ssh.port };
}
