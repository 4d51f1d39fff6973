/** The functions of the system's OpenSSL (libcrypto) that AES-GCM needs (EVP_EncryptInit(3)). */

import { messageOf } from "../../errors.ts";

/** Numbers from openssl/evp.h, the same in OpenSSL 1.1 and 3.x. */
export const EVP_CTRL_AEAD_GET_TAG = 0x10;
export const EVP_CTRL_AEAD_SET_TAG = 0x11;
/** Value of `enc` in EVP_CipherInit_ex that keeps the direction. */
export const DIRECTION_UNCHANGED = -1;
/** OPENSSL_INIT_NO_ATEXIT from openssl/crypto.h, since 1.1.1b. */
const NO_ATEXIT = 0x80000n;

// Contexts are pointers and bytes are typed arrays. Both use V8's fast calls (about 50 ns), which numbers as addresses do
// not (150 ns). Also, no address can outlive its buffer.
const SYMBOLS = {
  OPENSSL_init_crypto: { parameters: ["u64", "pointer"], result: "i32" },
  OpenSSL_version: { parameters: ["i32"], result: "pointer" },
  EVP_aes_128_gcm: { parameters: [], result: "pointer" },
  EVP_aes_256_gcm: { parameters: [], result: "pointer" },
  EVP_CIPHER_CTX_new: { parameters: [], result: "pointer" },
  EVP_CIPHER_CTX_free: { parameters: ["pointer"], result: "void" },
  EVP_CIPHER_CTX_ctrl: { parameters: ["pointer", "i32", "i32", "buffer"], result: "i32" },
  /** context, cipher, ENGINE, key, nonce, 1 to encrypt or 0 to decrypt */
  EVP_CipherInit_ex: { parameters: ["pointer", "pointer", "pointer", "buffer", "buffer", "i32"], result: "i32" },
  /** context, out (null: the input is only authenticated), address of the written length, in, length */
  EVP_CipherUpdate: { parameters: ["pointer", "buffer", "buffer", "buffer", "i32"], result: "i32" },
  EVP_CipherFinal_ex: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
  ERR_clear_error: { parameters: [], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions, as libcrypto names them. */
export type LibcryptoCalls = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** An open libcrypto. It is never closed, because its contexts may exist until the process exits. */
export interface Libcrypto {
  readonly calls: LibcryptoCalls;
  /** Name and version as the library reports them, such as "OpenSSL 3.0.19". */
  readonly version: string;
  /** Name that was passed to dlopen(3): a path, or a name that the loader has searched for. */
  readonly name: string;
}

/** Environment variable with the absolute path of the library to use. */
const VARIABLE = "ESCP_LIBCRYPTO";

// The newest version first: on x86-64, AES-GCM of OpenSSL 3.0 is slower than that of later versions.
// On macOS only full paths of versioned names, because loading /usr/lib/libcrypto.dylib aborts the process.
const CANDIDATES: Partial<Record<typeof Deno.build.os, readonly string[]>> = {
  linux: ["libcrypto.so.4", "libcrypto.so.3", "libcrypto.so.1.1"],
  darwin: [
    "/opt/homebrew/opt/openssl@3/lib/libcrypto.3.dylib",
    "/usr/local/opt/openssl@3/lib/libcrypto.3.dylib",
    "/opt/local/lib/libcrypto.3.dylib",
  ],
};

let opened: Libcrypto | undefined;

/** Returns the library that the user requests with ESCP_LIBCRYPTO; undefined if the variable is unset or empty. */
export function requestedLibcrypto(): string | undefined {
  return Deno.env.get(VARIABLE) || undefined;
}

/**
 * Opens libcrypto, once per thread.
 *
 * @param names Names for dlopen(3), tried in order. Default: the library of ESCP_LIBCRYPTO, otherwise the usual names on this
 * system.
 * @throws {Error} if no library can be opened, a function is missing, or FFI is not permitted.
 */
export function openLibcrypto(names?: readonly string[]): Libcrypto {
  if (names !== undefined) return openFirst(names);
  const requested = requestedLibcrypto();
  return opened ??= requested ? openRequestedLibcrypto(requested) : openFirst(CANDIDATES[Deno.build.os] ?? []);
}

/** Opens the library of ESCP_LIBCRYPTO. @throws {Error} if the path is not absolute, or the library cannot be used. */
export function openRequestedLibcrypto(path: string): Libcrypto {
  // dlopen(3) searches other directories for a plain name, and the working directory for a relative path.
  const isAbsolute = Deno.build.os === "windows" ? /^[a-z]:[\\/]/i.test(path) : path.startsWith("/");
  if (!isAbsolute) throw new Error(`${VARIABLE} must be an absolute path, not "${path}"`);
  try {
    return open(path);
  } catch (error) {
    throw new Error(`Cannot open the library of ${VARIABLE}: ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

function openFirst(names: readonly string[]): Libcrypto {
  const failures: string[] = [];
  for (const name of names) {
    try {
      return open(name);
    } catch (error) {
      failures.push(`${name}: ${reasonOf(error)}`);
    }
  }
  throw new Error(`Cannot open libcrypto: ${failures.join("; ") || `no name is known on ${Deno.build.os}`}`);
}

function open(name: string): Libcrypto {
  const calls = Deno.dlopen(name, SYMBOLS).symbols;
  // Otherwise exit(3) frees the library's data while other threads encrypt, and the process dies of SIGSEGV.
  calls.OPENSSL_init_crypto(NO_ATEXIT, null);
  return { calls, version: readVersion(calls), name };
}

/** Returns the reason of dlopen(3), without the path that Deno and dlopen repeat. */
function reasonOf(error: unknown): string {
  return messageOf(error).replace(/^(Could not open library: )+(\/[^:]*: )?/, "");
}

/**
 * Returns the path of the file of an open library, without symbolic links.
 *
 * @param maps Text of /proc/self/maps (proc_pid_maps(5)). Default: that of this process.
 * @returns undefined if the path is unknown.
 */
export function libcryptoPath({ name }: Pick<Libcrypto, "name">, maps?: string): string | undefined {
  try {
    if (name.includes("/")) return Deno.realPathSync(name);
    const paths = (maps ?? Deno.readTextFileSync("/proc/self/maps")).matchAll(/^(?:\S+\s+){5}(\/.*)$/gm);
    // The mapped file may have a longer name than the link to it, such as libcrypto.so.3.5.1.
    return [...paths].map(([, path]) => path).find((path) => {
      const file = path.slice(path.lastIndexOf("/") + 1);
      return file === name || file.startsWith(`${name}.`);
    });
  } catch {
    // The file is no longer there, or this system has no /proc.
    return undefined;
  }
}

/** Returns name and number of a version such as "OpenSSL 3.0.19 27 Jan 2026 (...)". */
function readVersion(calls: LibcryptoCalls): string {
  const pointer = calls.OpenSSL_version(0);
  if (pointer === null) return "libcrypto";
  const text = Deno.UnsafePointerView.getCString(pointer);
  return /^\S+ \S+/.exec(text)?.[0] ?? text;
}
