import type { DataAddress } from "./data_address.ts";
import type { RemoteOperand } from "./operand.ts";
import type { SshOptions } from "./ssh_command.ts";

/** How another host is reached, by ssh and for the data. Plain data. */
export interface Reach {
  readonly ssh: SshOptions;
  readonly host: Pick<RemoteOperand, "host" | "user" | "port">;
  /** Where escp is there. */
  readonly remotePath: string;
  /** Where the data goes, instead of to the addresses that the host tells. */
  readonly dataAddress?: DataAddress;
  /** The other host is to connect to this one, at one of these ports; undefined: this one connects. */
  readonly reverse?: { readonly ports?: { readonly first: number; readonly last: number } };
  /** Whether the data goes through ssh; "auto": where there is no other way. */
  readonly tunnel: TunnelMode;
}

export type TunnelMode = "auto" | "always" | "never";
