/** What is run under the emulator, and what cannot work there. */

/** Directories of tests, with what is left out of them. */
export interface Arm64Suite {
  path: string;
  /** Files that are not run, with the reason. */
  without?: Record<string, string>;
}

const EXHAUSTIVE = "goes through all there is of something, which takes too long here";
const MANY = "starts a program twenty times, each for ten seconds here";
/** Its vfork(2) is a fork(2). */
const STARTS = "qemu-user goes on before a program that it starts is running";

/** Of the bottom of escp: what depends on the processor is there. */
export const SUITES: readonly Arm64Suite[] = [
  { path: "tests/native/", without: { "tests/native/net/splice_test.ts": STARTS } },
  { path: "tests/crypto/", without: { "tests/crypto/exit_test.ts": MANY } },
  { path: "tests/files/" },
  { path: "tests/resume/" },
  { path: "tests/streams/", without: { "tests/streams/frames/compressor_test.ts": EXHAUSTIVE } },
  { path: "tests/protocol/", without: { "tests/protocol/names_test.ts": EXHAUSTIVE } },
  { path: "tests/compress/" },
];

/** Cases that fail under the emulator for reasons that are not escp's. */
export const IMPOSSIBLE: Record<string, string> = {
  "ProcessConn, portable > says which program cannot be started": STARTS,
  "ProcessConn, native > says which program cannot be started": STARTS,
  "pipesOf > finds the pipes of a child, and none of one that has ended or has none": STARTS,
  "extended attributes > are set only when they are asked for, and those of root only together with owner and mode":
    'attributes in "trusted" are not for the root of a namespace',
  "a component of a pattern > takes no more time for hostile patterns": "it measures time",
  "the native engine > writes 1073741824 bytes past the page cache, allowed: true":
    "what /proc/self/fdinfo says of flags is in the numbers of the processor beneath",
};
