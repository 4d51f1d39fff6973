/** Adds the names of hosts to the events of a transfer. */

import { UserError } from "../../errors.ts";
import { quotePath } from "../../escape_text.ts";
import { formatHost, type RemoteHost } from "../../ssh/operand.ts";
import type { TransferEvent } from "../../transfer/events.ts";
import { TargetRefused } from "../../transfer/transfer_errors.ts";
import type { Transfer } from "../options/transfers.ts";

/** Options for the names of hosts in messages. */
interface Naming {
  /** Whether the run has several hosts, so that messages must name that of each path. */
  several: boolean;
}

type Emit = (event: TransferEvent) => void;

/** Returns a listener that adds to an event the remote host on which it occurred. */
export function namingHosts(transfer: Transfer, emit: Emit, { several }: Naming): Emit {
  const { direction, remote, origin } = transfer;
  const name = (host: RemoteHost | undefined) => host && formatHost(host);
  const sender = name(direction === "pull" ? remote : origin);
  const receiver = name(direction === "pull" ? undefined : remote);
  // With -R the events are those of escp on the host of the sources.
  const other = direction === "origin" ? sender : name(remote);
  return (event) => {
    if (event.type === "failed") {
      const side = event.side === "sender" ? sender : event.side === "receiver" ? receiver : undefined;
      const host = event.host ?? side;
      emit(host === undefined ? event : { ...event, host, message: several ? withHost(event, host) : event.message });
    } else if (event.type === "connected" || event.type === "note" || event.type === "retry") {
      emit({ ...event, host: event.host ?? other });
    } else emit(event);
  };
}

/** Returns an error that ended a transfer with the host of its path. */
export function nameHostOf(error: unknown, { direction, remote }: Transfer, { several }: Naming): unknown {
  if (!(error instanceof TargetRefused) || direction === "pull" || !remote) return error;
  const host = formatHost(remote);
  const message = several ? withHost(error.failure, host) : error.message;
  return new UserError(message, { hint: error.hint, host, cause: error });
}

/** Returns whether a run has more hosts than this machine and another one, or sources on several hosts. */
export function hasSeveralHosts(transfers: readonly Transfer[]): boolean {
  return transfers.length > 1 || transfers.some(({ origin }) => origin !== undefined);
}

/** Returns the hosts of a transfer for a label: `web1`, `web1 to web2`; undefined on this machine. */
export function hostsOf({ origin, remote }: Transfer): string | undefined {
  const hosts = [origin, remote].flatMap((host) => host ? [formatHost(host)] : []);
  return hosts.length > 0 ? hosts.join(" to ") : undefined;
}

/** Returns the message of a failure with "host:path" instead of the path. */
function withHost({ message, path }: { message: string; path: string }, host: string): string {
  if (path === "") return message;
  // Remote hosts are not Windows, so they escape backslashes.
  const quoted = quotePath(path, false);
  if (!message.includes(quoted)) return `${host}: ${message}`;
  return message.replace(quoted, () => quotePath(`${host}:${path}`, false));
}
