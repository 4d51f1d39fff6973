/** Keys of a running ssh-agent. */

import { withDeadline } from "../../async/settle_within.ts";
import { ProtocolError, quotePath, UserError } from "../../errors.ts";
import { reasonOf } from "../../files/stat/file_failure.ts";
import { closeQuietly } from "../../net/close.ts";
import { type ByteReader, type ByteWriter, writeAll } from "../../net/pass.ts";
import { readExactly } from "../../net/read_exactly.ts";
import {
  type AgentIdentity,
  answerLength,
  identitiesRequest,
  parseIdentities,
  parseSignature,
  signRequest,
} from "./agent_messages.ts";
import type { KeySigner } from "./key_signer.ts";
import { verifySignature } from "./public_key.ts";

/** Named pipe of the agent of OpenSSH for Windows. */
const WINDOWS_PIPE = "\\\\.\\pipe\\openssh-ssh-agent";

/** Time limits of an agent, in milliseconds. */
export interface AgentOptions {
  /** For the list of keys. Default: 10 s. */
  readonly listMs?: number;
  /** For a signature, for which the agent may ask its user. Default: 60 s. */
  readonly signMs?: number;
}

/** A key that the agent signs with. */
export interface AgentSigner extends KeySigner {
  /** Comment of the key. From the agent: escape it. */
  readonly comment: string;
}

/** Returns the path of the agent's socket or named pipe; undefined if there is none. */
export function agentPath(
  env: (name: string) => string | undefined,
  windows: boolean = Deno.build.os === "windows",
): string | undefined {
  const path = env("SSH_AUTH_SOCK") || undefined;
  // Other programs for Windows set a path that only they can connect to.
  return windows && !path?.startsWith("\\\\.\\pipe\\") ? WINDOWS_PIPE : path;
}

/**
 * Returns the Ed25519 keys of the agent, in its order.
 *
 * @param path Unix socket, or named pipe on Windows.
 * @throws {UserError} if the agent cannot be reached, refuses, or does not answer in time. So does `sign` of a key.
 */
export async function agentSigners(path: string, options: AgentOptions = {}): Promise<AgentSigner[]> {
  const { listMs = 10_000, signMs = 60_000 } = options;
  const identities = await exchange(path, identitiesRequest(), parseIdentities, listMs);
  if (identities === undefined) throw refused(path, "it refuses to list its keys");
  return identities.map((identity) => signerOf(path, identity, signMs));
}

function signerOf(path: string, { key, comment }: AgentIdentity, signMs: number): AgentSigner {
  const sign = async (data: Uint8Array) => {
    const signature = await exchange(path, signRequest(key, data), parseSignature, signMs);
    if (signature === undefined) throw refused(path, "it refuses to sign");
    if (await verifySignature(key, signature, new Uint8Array(data))) return signature;
    throw failure(path, "its signature is wrong");
  };
  return { publicKey: key, comment, sign };
}

/** Sends a request over a connection of its own, and parses the answer. @throws {UserError} */
async function exchange<Answer>(
  path: string,
  request: Uint8Array,
  parse: (answer: Uint8Array) => Answer,
  timeoutMs: number,
): Promise<Answer> {
  const connecting = connect(path);
  const answering = connecting.then((conn) => converse(conn, request));
  const late = () => failure(path, `no answer within ${timeoutMs / 1000} s`);
  try {
    return parse(await withDeadline(timeoutMs, answering, late));
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (error instanceof ProtocolError) throw failure(path, error.message, error);
    if (error instanceof Deno.errors.UnexpectedEof) throw failure(path, "it has closed the connection", error);
    throw failure(path, reasonOf(error), error);
  } finally {
    connecting.then(closeQuietly, () => {});
  }
}

async function converse(conn: ByteReader & ByteWriter, request: Uint8Array): Promise<Uint8Array> {
  await writeAll(conn, request);
  return await readExactly(conn, answerLength(await readExactly(conn, 4)));
}

async function connect(path: string): Promise<ByteReader & ByteWriter & { close(): void }> {
  if (!path.startsWith("\\\\.\\pipe\\")) return await Deno.connect({ transport: "unix", path });
  return await Deno.open(path, { read: true, write: true });
}

function failure(path: string, reason: string, cause?: unknown): UserError {
  return new UserError(`Cannot use ssh-agent at ${quotePath(path)}: ${reason}`, {
    hint: "Check it with ssh-add -l, or choose a key file",
    cause,
  });
}

function refused(path: string, reason: string): UserError {
  return new UserError(`Cannot use ssh-agent at ${quotePath(path)}: ${reason}`, {
    hint: "Unlock it (ssh-add -X), or confirm its question",
  });
}
