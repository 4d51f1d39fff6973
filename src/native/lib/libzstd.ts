/** The system's libzstd: the few functions that whole pieces need (zstd.h, "Simple API" and "Explicit context"). */

const SYMBOLS = {
  ZSTD_versionString: { parameters: [], result: "pointer" },
  ZSTD_createCCtx: { parameters: [], result: "pointer" },
  ZSTD_freeCCtx: { parameters: ["pointer"], result: "usize" },
  /** context, to, its room, from, its length, level; the length written, or an error beyond the room */
  ZSTD_compressCCtx: { parameters: ["pointer", "buffer", "usize", "buffer", "usize", "i32"], result: "usize" },
  ZSTD_createDCtx: { parameters: [], result: "pointer" },
  ZSTD_freeDCtx: { parameters: ["pointer"], result: "usize" },
  /** context, to, its room, from, its length; the length written, or an error beyond the room */
  ZSTD_decompressDCtx: { parameters: ["pointer", "buffer", "usize", "buffer", "usize"], result: "usize" },
  /** from, its length; the length of the first frame in it */
  ZSTD_findFrameCompressedSize: { parameters: ["buffer", "usize"], result: "usize" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions, as libzstd names them. */
export type LibzstdCalls = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** An opened libzstd. It is never closed: contexts of it may live until the process ends. */
export interface Libzstd {
  readonly calls: LibzstdCalls;
  /** What the library says it is, such as "libzstd 1.5.4". */
  readonly version: string;
}

let opened: Libzstd | undefined;

/**
 * Opens libzstd, once for each thread.
 *
 * @throws {Error} when there is none, it lacks a function, or FFI is not permitted.
 */
export function openLibzstd(): Libzstd {
  if (opened) return opened;
  if (Deno.build.os !== "linux") throw new Error(`Cannot open libzstd: no name is known on ${Deno.build.os}`);
  const calls = Deno.dlopen("libzstd.so.1", SYMBOLS).symbols;
  const version = calls.ZSTD_versionString();
  return opened = {
    calls,
    version: version === null ? "libzstd" : `libzstd ${Deno.UnsafePointerView.getCString(version)}`,
  };
}
