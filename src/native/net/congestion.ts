/** The congestion control of connections, by its name (tcp(7), TCP_CONGESTION). Linux. */

import { UsageError, UserError } from "../../errors.ts";
import { openLibc } from "../libc/libc.ts";
import { IPPROTO_TCP, setOption, TCP_CONGESTION } from "./socket_calls.ts";
import { descriptorOf } from "./socket_descriptor.ts";

/** Names are shorter than TCP_CA_NAME_MAX, 16 bytes with the zero behind them. */
const NAME = /^[a-z0-9_-]{1,15}$/i;
const [AF_INET, SOCK_STREAM] = [2, 1];
const LISTS = "/proc/sys/net/ipv4/tcp_";

/** @throws {UsageError} for what cannot be the name of a congestion control. */
export function parseCongestion(name: string): string {
  if (NAME.test(name)) return name;
  throw new UsageError(`Cannot use "${name}" as congestion control`, { hint: "Give a name such as bbr or cubic" });
}

/**
 * Tries a congestion control on a socket of its own, before a copy begins.
 *
 * @throws {UserError} when this system has none of that name, or not for this user.
 */
export function checkCongestion(name: string): void {
  const { symbols } = open(name);
  const fd = symbols.socket(AF_INET, SOCK_STREAM, 0);
  try {
    // Where there is no IPv4 the connections themselves will tell.
    if (fd >= 0) setOption(fd, IPPROTO_TCP, TCP_CONGESTION, new TextEncoder().encode(name));
  } catch (cause) {
    throw refused(name, cause);
  } finally {
    if (fd >= 0) symbols.close(fd);
  }
}

/**
 * Chooses how fast this end of a connection sends. No read or write of the connection may be under way.
 *
 * @throws {UserError} when it is refused.
 */
export function chooseCongestion(conn: Deno.TcpConn, name: string): void {
  const fd = descriptorOf(conn);
  if (fd === undefined) throw new UserError(`Cannot use congestion control ${name}: a connection cannot be found`);
  try {
    setOption(fd, IPPROTO_TCP, TCP_CONGESTION, new TextEncoder().encode(name));
  } catch (cause) {
    throw refused(name, cause);
  }
}

function open(name: string) {
  if (Deno.build.os !== "linux") {
    throw new UserError(`Cannot use congestion control ${name}: it can be chosen on Linux only`);
  }
  return openLibc({
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
}

function refused(name: string, cause: unknown): UserError {
  const code = (cause as { code?: string }).code;
  if (code === "EPERM") {
    return new UserError(`Cannot use congestion control ${name}: it is not for every user of this system`, {
      hint: `Those for everyone are ${listed("allowed_congestion_control")} (net.ipv4.tcp_allowed_congestion_control)`,
      cause,
    });
  }
  if (code !== "ENOENT") throw cause;
  return new UserError(`Cannot use congestion control ${name}: this system has none of that name`, {
    hint: `It has ${listed("available_congestion_control")}; others are modules of the kernel, such as tcp_${name}`,
    cause,
  });
}

function listed(list: string): string {
  try {
    return Deno.readTextFileSync(LISTS + list).trim().split(/\s+/).join(", ");
  } catch {
    return `those of ${LISTS}${list}`;
  }
}
