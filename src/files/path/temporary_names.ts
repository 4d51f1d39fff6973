/** Names of temporary files, backups and unverified files: hidden, and unique in all threads of all sessions. */

import { PRIVATE_PREFIX } from "./private_names.ts";

/** End of every name. */
export const TEMPORARY_SUFFIX = ".part";

/** Generates names such as ".escp-k3x9-5f2a09c1-0000002f.part"; each writer has its own generator. */
export class TemporaryNames {
  readonly #stem: string;
  #counter = 0;

  /** @param token Part of every name: 1 to 64 letters and digits. */
  constructor(token: string) {
    if (!/^[A-Za-z0-9]{1,64}$/.test(token)) throw new RangeError("The token must be 1 to 64 letters and digits");
    const writer = crypto.getRandomValues(new Uint32Array(1))[0];
    this.#stem = `${temporaryPrefix(token)}${writer.toString(16).padStart(8, "0")}-`;
  }

  /** Common start of all names, for callers that count in bytes. */
  get stem(): string {
    return this.#stem;
  }

  /** Returns a new name. */
  next(): string {
    return `${this.#stem}${(this.#counter++).toString(16).padStart(8, "0")}${TEMPORARY_SUFFIX}`;
  }
}

/** Returns the common start of all names with this token. */
export function temporaryPrefix(token: string): string {
  return `${PRIVATE_PREFIX}${token}-`;
}

/**
 * Returns the name of the backup of a replaced file.
 *
 * @param token Token of the copy; a resumed copy has the token of the interrupted one.
 */
export function backupName(token: string, name: Uint8Array): string {
  return derivedName(token, name);
}

/** Returns the name that a file gets when its verification fails. */
export function unverifiedName(name: Uint8Array): string {
  return derivedName("unverified", name);
}

/** Returns the same name in every thread: a file may be verified in another thread than the one that has written it. */
function derivedName(token: string, name: Uint8Array): string {
  const hash = fnv1a(name);
  return `${temporaryPrefix(token)}${hash.slice(0, 8)}-${hash.slice(8)}${TEMPORARY_SUFFIX}`;
}

/** Returns the 64-bit FNV-1a hash (draft-eastlake-fnv) as 16 hexadecimal digits. It does not withstand an attacker. */
export function fnv1a(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}
