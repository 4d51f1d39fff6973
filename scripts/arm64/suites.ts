/** Test suites for the emulator, and tests that cannot pass in it. */

/** A directory of tests. */
export interface Arm64Suite {
  path: string;
  /** Excluded files with the reason. */
  without?: Record<string, string>;
}

const EXHAUSTIVE = "an exhaustive test, which takes too long under emulation";
const MANY = "starts a program twenty times, for ten seconds each under emulation";
/** vfork(2) of qemu-user is a fork(2). */
const STARTS = "qemu-user continues before a started program runs";

/** Suites of the lower layers, which depend on the processor. */
export const SUITES: readonly Arm64Suite[] = [
  { path: "tests/native/", without: { "tests/native/net/splice_test.ts": STARTS } },
  { path: "tests/crypto/", without: { "tests/crypto/exit_test.ts": MANY } },
  { path: "tests/files/" },
  { path: "tests/resume/" },
  { path: "tests/streams/", without: { "tests/streams/frames/compressor_test.ts": EXHAUSTIVE } },
  { path: "tests/protocol/", without: { "tests/protocol/names_test.ts": EXHAUSTIVE } },
  { path: "tests/compress/" },
];

/** Cases that fail because of the emulator. */
export const IMPOSSIBLE: Record<string, string> = {
  "ProcessConn, portable > names the program that cannot be started": STARTS,
  "ProcessConn, native > names the program that cannot be started": STARTS,
  "pipesOf > finds the pipes of a child, unless it has exited or has no pipes": STARTS,
  "extended attributes > are set only if requested, and privileged ones only together with owner and mode":
    'root of a namespace may not set "trusted" attributes',
  "a component of a pattern > matches hostile patterns in bounded time": "the test measures time",
  "the native engine > writes 1073741824 bytes past the page cache, allowed: true":
    "the flags in /proc/self/fdinfo are those of the host processor",
};
