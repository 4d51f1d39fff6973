/** Errors of starting escp on a host. */

import { StartError } from "../../errors.ts";
import { parseBegin } from "../../ssh/find_remote.ts";

/** The login failed: nothing was started on the host. */
export class NoLogin extends StartError {
  override name = "NoLogin";
}

/** The host has no escp, or an unusable one. Installing it may help. */
export class UnusableEscp extends StartError {
  override name = "UnusableEscp";
}

/** End of a peer process that sent no hello. */
export interface FailedStart {
  /** Name of the host in messages. */
  name: string;
  /** Whether the user has named the path of escp (-D). */
  isNamed: boolean;
  code: number;
  signal: string | null;
  /** Its standard output. */
  output: string;
  /** Last line of its standard error; undefined if unknown. */
  lastError?: string;
  /** Whether its standard error reports that V8 could not reserve memory. */
  outOfMemory: boolean;
}

/** Hint if there is no program at the path that the user has named. */
const CHECK_PATH = "Check the path of -D, or omit -D to let escp be found or installed";

/** Returns why there was no hello, by the exit status: 255 is that of ssh, others are those of the command (ssh(1)). */
export function notStarted(start: FailedStart): StartError {
  const { name, isNamed, code, signal, lastError } = start;
  const { begun, noise, addressSpaceKiB } = parseBegin(start.output);
  const isKilled = begun || start.outOfMemory;
  if (code === 255 && !isKilled) return noLogin(name, lastError);
  // ssh has no status for a remote program that a signal has ended, and fails without a message.
  if (code === 255) {
    return new StartError(
      `Cannot start escp on ${name}: a signal killed escp, or the connection was lost, before escp sent a hello`,
      { hint: hintAboutMemory(addressSpaceKiB, start.outOfMemory), reason: lastError },
    );
  }
  const unusable = unusableEscp(name, code, { isNamed });
  if (unusable) return unusable;
  // csh and cmd.exe print nothing else if the command does not exist.
  if (code === 1 && !begun && noise.trim() === "") {
    return new UnusableEscp(`Cannot start escp on ${name}: it ended with status 1 before it sent a hello`, {
      hint: isNamed ? CHECK_PATH : "Check that escp is installed on that host, or name its path with -D PATH",
    });
  }
  const text = noise.trim() ? `; its output: ${noise.trim().slice(0, 300)}` : "";
  const how = signal ? `signal ${signal}` : `status ${code}`;
  return new StartError(`Cannot start escp on ${name}: it ended with ${how} before it sent a hello${text}`, {
    // A shell returns 128 and the number of the signal.
    hint: !signal && code > 128 && isKilled ? hintAboutMemory(addressSpaceKiB, start.outOfMemory) : undefined,
    reason: lastError,
  });
}

/**
 * Returns the error for a peer that runs but has sent no hello in time.
 *
 * @param output its standard output.
 * @param isServer whether the peer is a server without ssh.
 */
export function withoutHello(name: string, output: string, timeoutMs: number, isServer: boolean): StartError {
  const why = `did not send a hello within ${timeoutMs / 1000} s`;
  if (parseBegin(output).begun) {
    return new StartError(`Cannot start escp on ${name}: the login succeeded, but escp ${why}`, {
      hint: "Check the load of that host, or increase --timeout",
    });
  }
  return new NoLogin(`Cannot start escp on ${name}: it ${why}`, {
    hint: `Check that the ${isServer ? "server answers" : "host answers (ssh -v)"}, or increase --timeout`,
  });
}

/** Returns the error for status 255 of ssh. @param lastError last line that ssh printed; "" if none, undefined if unknown. */
export function noLogin(name: string, lastError: string | undefined): NoLogin {
  const options = { reason: lastError };
  if (lastError !== "") {
    return new NoLogin(`Cannot log in to ${name}: ssh failed (status 255); see its message above`, options);
  }
  return new NoLogin(`Cannot log in to ${name}: ssh failed (status 255) without a message`, {
    ...options,
    hint: "Run again without -q and with -vv. If the login succeeds, a signal killed escp, perhaps for lack of memory",
  });
}

/** Address space that V8 reserves at its start, most of which it never uses. */
const ADDRESS_SPACE_GIB = 40;

/** @param addressSpaceKiB limit of the address space on the host, if there is one. */
function hintAboutMemory(addressSpaceKiB: number | undefined, outOfMemory: boolean): string {
  const gib = (addressSpaceKiB ?? 0) / (1 << 20);
  if (addressSpaceKiB !== undefined && gib < ADDRESS_SPACE_GIB) {
    return `escp reserves up to ${ADDRESS_SPACE_GIB} GiB of address space, of which it uses little, and "ulimit -v" on ` +
      `that host allows ${gib.toFixed(1)} GiB: raise that limit`;
  }
  if (outOfMemory) {
    return `Raise "ulimit -v" on that host: escp reserves up to ${ADDRESS_SPACE_GIB} GiB of address space`;
  }
  return "Check the memory of that host: its kernel log (dmesg) names processes that were killed for lack of memory";
}

/**
 * Returns the error for an exit status by which a shell reports an unusable command; undefined for others.
 *
 * @param options.isNamed whether the user has named the path of escp (-D).
 */
export function unusableEscp(
  name: string,
  code: number,
  { isNamed }: Pick<FailedStart, "isNamed">,
): UnusableEscp | undefined {
  if (code === 127) {
    return new UnusableEscp(
      `Cannot start escp on ${name}: it is not installed there (status 127, command not found)`,
      {
        hint: isNamed
          ? CHECK_PATH
          : "Put escp into a directory of the PATH on that host, such as /usr/local/bin, or name it with -D PATH",
      },
    );
  }
  if (code === 126) {
    return new UnusableEscp(`Cannot start escp on ${name}: it may not be executed there (status 126)`, {
      hint: "Check that the file is executable, made for that system, and not on a noexec file system",
    });
  }
}
