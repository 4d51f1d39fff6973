/**
 * escp that may write files of LIMIT_BYTES only, as under `ulimit -f`. It is so from the moment when it makes ready for a
 * copy: Deno itself writes files that are larger when it starts from source.
 */

import { main } from "../../../src/cli/main.ts";
import { openLibc } from "../../../src/native/libc/libc.ts";

const RLIMIT_FSIZE = 1;
const { setrlimit } = openLibc({ setrlimit: { parameters: ["i32", "buffer"], result: "i32" } }).symbols;
const { umask } = Deno;
Deno.umask = (mask?: number) => {
  setrlimit(RLIMIT_FSIZE, new BigUint64Array(2).fill(BigInt(Deno.env.get("LIMIT_BYTES")!)));
  return umask(mask);
};
Deno.exit(await main(Deno.args));
