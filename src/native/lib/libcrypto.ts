/** The functions of the system's OpenSSL (libcrypto) that AES-GCM needs (EVP_EncryptInit(3)). */

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
}

// On macOS only full paths of versioned names, because loading /usr/lib/libcrypto.dylib aborts the process.
const CANDIDATES: Partial<Record<typeof Deno.build.os, readonly string[]>> = {
  linux: ["libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so.4"],
  darwin: [
    "/opt/homebrew/opt/openssl@3/lib/libcrypto.3.dylib",
    "/usr/local/opt/openssl@3/lib/libcrypto.3.dylib",
    "/opt/local/lib/libcrypto.3.dylib",
  ],
};

let opened: Libcrypto | undefined;

/**
 * Opens libcrypto, once per thread.
 *
 * @param names Names for dlopen(3), tried in order. Default: the usual names on this system.
 * @throws {Error} if no library can be opened, a function is missing, or FFI is not permitted.
 */
export function openLibcrypto(names?: readonly string[]): Libcrypto {
  if (names === undefined && opened !== undefined) return opened;
  const failures: string[] = [];
  for (const name of names ?? CANDIDATES[Deno.build.os] ?? []) {
    try {
      const calls = Deno.dlopen(name, SYMBOLS).symbols;
      // Otherwise exit(3) frees the library's data while other threads encrypt, and the process dies of SIGSEGV.
      calls.OPENSSL_init_crypto(NO_ATEXIT, null);
      const library: Libcrypto = { calls, version: readVersion(calls) };
      if (names === undefined) opened = library;
      return library;
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new Error(`Cannot open libcrypto: ${failures.join("; ") || `no name is known on ${Deno.build.os}`}`);
}

/** Returns name and number of a version such as "OpenSSL 3.0.19 27 Jan 2026 (...)". */
function readVersion(calls: LibcryptoCalls): string {
  const pointer = calls.OpenSSL_version(0);
  if (pointer === null) return "libcrypto";
  const text = Deno.UnsafePointerView.getCString(pointer);
  return /^\S+ \S+/.exec(text)?.[0] ?? text;
}
