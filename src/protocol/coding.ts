/** How blocks and packs are compressed. See PROTOCOL.md, "Compression". */

/** The codecs by the names that go into the message `ready`: zstd is RFC 8878, deflate RFC 1951 without any wrapping. */
export type CodecName = "zstd" | "deflate";

/** All of them, the best first. */
export const CODEC_NAMES: readonly CodecName[] = ["zstd", "deflate"];

/** Their numbers in the headers of blocks and packs. 0 is stored, and 1 belongs to blocks of zeros. */
export const CODEC_NUMBERS: Readonly<Record<CodecName, number>> = { zstd: 2, deflate: 3 };

/** What stands in a header where bytes are as they are. */
export const STORED = 0;

/** The codec of a number in a header; undefined when it is none. */
export function codecOfNumber(number: number): CodecName | undefined {
  return CODEC_NAMES.find((name) => CODEC_NUMBERS[name] === number);
}
