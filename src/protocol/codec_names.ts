/** Codecs of blocks and packs. See WIRE_FORMAT.md, "Compression". */

/** Name of a codec in the message "ready": zstd (RFC 8878), or raw deflate (RFC 1951). */
export type CodecName = "zstd" | "deflate";

/** All codecs, the preferred one first. */
export const CODEC_NAMES: readonly CodecName[] = ["zstd", "deflate"];

/** Numbers of the codecs in headers of blocks and packs. Number 1 means a block of zeros. */
export const CODEC_NUMBERS: Readonly<Record<CodecName, number>> = { zstd: 2, deflate: 3 };

/** Number in a header for uncompressed bytes. */
export const STORED = 0;

/** Returns the codec of a number in a header, undefined if the number is not a codec. */
export function codecOfNumber(number: number): CodecName | undefined {
  return CODEC_NAMES.find((name) => CODEC_NUMBERS[name] === number);
}
