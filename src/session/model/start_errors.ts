/** Why escp could not be started on the other side. */

import { StartError } from "../../errors.ts";

/** The login failed: nothing was started on the other side. */
export class NoLogin extends StartError {
  override name = "NoLogin";
}

/** There is no escp on the other side, or none that can be used: another one in its place may help. */
export class UnusableEscp extends StartError {
  override name = "UnusableEscp";
  /** The other side, as messages name it. */
  readonly peer: string;

  constructor(peer: string, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options);
    this.peer = peer;
  }
}

/** What the exit status of a remote command says of its program, as shells have it; undefined: nothing. */
export function unusableEscp(name: string, code: number): UnusableEscp | undefined {
  if (code === 127) {
    return new UnusableEscp(
      name,
      `Cannot start escp on ${name}: it is not installed there (status 127, command not found)`,
      {
        hint:
          "Put the escp executable into a directory of the PATH there, such as /usr/local/bin, or name it with -D PATH",
      },
    );
  }
  if (code === 126) {
    return new UnusableEscp(name, `Cannot start escp on ${name}: it may not be executed there (status 126)`, {
      hint: "Check that the file there is executable, for that machine, and not on a noexec file system",
    });
  }
}
