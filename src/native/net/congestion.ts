/** Selects the congestion control of connections by name (TCP_CONGESTION of tcp(7)). Linux. */

import { UsageError, UserError } from "../../errors.ts";
import { openLibc } from "../libc/libc.ts";
import { IPPROTO_TCP, setOption, TCP_CONGESTION } from "./socket_calls.ts";
import { descriptorOf } from "./socket_descriptor.ts";

/** TCP_CA_NAME_MAX is 16 bytes with the final zero. */
const NAME = /^[a-z0-9_-]{1,15}$/i;
const [AF_INET, SOCK_STREAM] = [2, 1];
const LISTS = "/proc/sys/net/ipv4/tcp_";

/** Checks the form of a name. @throws {UsageError} */
export function parseCongestion(name: string): string {
  if (NAME.test(name)) return name;
  throw new UsageError(`Cannot use "${name}" as congestion control`, { hint: "Give a name such as bbr or cubic" });
}

/**
 * Tries a congestion control on a new socket, before a copy begins.
 *
 * @throws {UserError} if it is not available on this system or restricted to root.
 */
export function checkCongestion(name: string): void {
  const { symbols } = openCalls(name);
  const fd = symbols.socket(AF_INET, SOCK_STREAM, 0);
  try {
    // Without IPv4 there is no socket. Then `chooseCongestion` reports the error for the first connection.
    if (fd >= 0) setOption(fd, IPPROTO_TCP, TCP_CONGESTION, new TextEncoder().encode(name));
  } catch (cause) {
    throw congestionError(name, cause);
  } finally {
    if (fd >= 0) symbols.close(fd);
  }
}

/**
 * Selects the congestion control for what this end of a connection sends. No read or write may be in progress.
 *
 * @throws {UserError} if it is not available or restricted to root.
 */
export function chooseCongestion(conn: Deno.TcpConn, name: string): void {
  const fd = descriptorOf(conn);
  if (fd === undefined) {
    throw new UserError(`Cannot use congestion control ${name}: the descriptor of a connection was not found`);
  }
  try {
    setOption(fd, IPPROTO_TCP, TCP_CONGESTION, new TextEncoder().encode(name));
  } catch (cause) {
    throw congestionError(name, cause);
  }
}

function openCalls(name: string) {
  if (Deno.build.os !== "linux") {
    throw new UserError(`Cannot use congestion control ${name}: it can be selected on Linux only`);
  }
  return openLibc({
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
}

function congestionError(name: string, cause: unknown): UserError {
  const code = (cause as { code?: string }).code;
  if (code === "EPERM") {
    return new UserError(`Cannot use congestion control ${name}: it is restricted to root`, {
      hint: `Use ${readList("allowed_congestion_control")}, or extend net.ipv4.tcp_allowed_congestion_control`,
      cause,
    });
  }
  if (code !== "ENOENT") throw cause;
  return new UserError(`Cannot use congestion control ${name}: it is not available on this system`, {
    hint: `Use ${readList("available_congestion_control")}, or load its kernel module (modprobe tcp_${name})`,
    cause,
  });
}

function readList(list: string): string {
  try {
    return Deno.readTextFileSync(LISTS + list).trim().split(/\s+/).join(", ");
  } catch {
    return `one of ${LISTS}${list}`;
  }
}
