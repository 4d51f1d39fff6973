/** The functions of the system's libzstd for whole buffers (zstd.h, "Simple API" and "Explicit context"). */

const SYMBOLS = {
  ZSTD_versionString: { parameters: [], result: "pointer" },
  ZSTD_createCCtx: { parameters: [], result: "pointer" },
  ZSTD_freeCCtx: { parameters: ["pointer"], result: "usize" },
  /** context, to, its capacity, from, its length, level; the written length, or an error above the capacity */
  ZSTD_compressCCtx: { parameters: ["pointer", "buffer", "usize", "buffer", "usize", "i32"], result: "usize" },
  ZSTD_createDCtx: { parameters: [], result: "pointer" },
  ZSTD_freeDCtx: { parameters: ["pointer"], result: "usize" },
  /** context, to, its capacity, from, its length; the written length, or an error above the capacity */
  ZSTD_decompressDCtx: { parameters: ["pointer", "buffer", "usize", "buffer", "usize"], result: "usize" },
  /** from, its length; the length of its first frame */
  ZSTD_findFrameCompressedSize: { parameters: ["buffer", "usize"], result: "usize" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions, as libzstd names them. */
export type LibzstdCalls = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** An open libzstd. It is never closed, because its contexts may exist until the process exits. */
export interface Libzstd {
  readonly calls: LibzstdCalls;
  /** Name and version, such as "libzstd 1.5.4". */
  readonly version: string;
}

let opened: Libzstd | undefined;

/**
 * Opens libzstd, once per thread.
 *
 * @throws {Error} if it is not installed, a function is missing, or FFI is not permitted.
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
