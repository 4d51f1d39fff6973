import type { DataAddress } from "./data_address.ts";
import type { RemoteHost } from "./operand.ts";
import type { PortRange } from "./port_range.ts";
import type { RemoteProgram } from "./remote_command.ts";
import type { SshOptions } from "./command.ts";

/** Settings to reach a remote host by ssh and by data connections. Plain data. */
export interface Reach extends RemoteProgram {
  readonly ssh: SshOptions;
  readonly host: RemoteHost;
  /** Address for data connections, instead of the addresses that the remote host reports. */
  readonly dataAddress?: DataAddress;
  /** Requested ports for the data: of the host, or with `reverse` of this machine. Default: chosen by the system. */
  readonly ports?: PortRange;
  /** If set, the remote host connects to this machine, at one of these ports. Default: this machine connects. */
  readonly reverse?: { readonly ports?: PortRange };
  readonly tunnel: TunnelMode;
}

/** Whether the data goes through ssh. "auto": if there is no direct route. */
export type TunnelMode = "auto" | "always" | "never";
