/** The program that copies: escp itself, or a program that uses escp as a library. */

import type { EngineChoice } from "../crypto/engines.ts";
import type { PeerCommand } from "../session/model/peer_process.ts";

/** Facts about the running program, and what it does with the messages of ssh. */
export interface Program {
  /** Returns the command for the remote end of a copy on this machine. */
  localPeer(options: { engine: EngineChoice }): PeerCommand;
  /** Whether the program is escp. Only escp can be installed on other hosts, with progress on the terminal. */
  readonly isEscp: boolean;
  /** Receives what ssh and other peers print, if they cannot ask the user. Default: standard error of this process. */
  readonly onErrorOutput?: (peer: string, bytes: Uint8Array) => void;
}

/** The program that `main` of this directory runs: an executable, or Deno with an entry module. */
export const ESCP: Program = {
  isEscp: true,
  localPeer({ engine }) {
    return { ...selfCommand(["--receiver", "--local-peer", "--engine", engine]), name: "this machine", isEnd: true };
  },
};

/** Returns the command that runs this program again. */
export function selfCommand(args: readonly string[]): { program: string; args: string[] } {
  const self = Deno.build.standalone ? [] : ["run", "--quiet", "--allow-all", Deno.mainModule];
  return { program: Deno.execPath(), args: [...self, ...args] };
}
