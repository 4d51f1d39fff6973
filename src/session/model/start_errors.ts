/** Errors of starting escp on a host. */

import { StartError } from "../../errors.ts";

/** The login failed: nothing was started on the host. */
export class NoLogin extends StartError {
  override name = "NoLogin";
}

/** The host has no escp, or an unusable one. Installing it may help. */
export class UnusableEscp extends StartError {
  override name = "UnusableEscp";
  /** Name of the host in messages. */
  readonly peer: string;

  constructor(peer: string, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options);
    this.peer = peer;
  }
}

/** Returns the error for an exit status by which a shell reports an unusable command; undefined for others. */
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
      hint: "Check that the file is executable, made for that system, and not on a noexec file system",
    });
  }
}
