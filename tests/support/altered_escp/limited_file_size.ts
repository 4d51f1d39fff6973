/**
 * escp with a limit of LIMIT_BYTES for the size of files, like `ulimit -f`. The limit starts with the preparation of a copy,
 * because Deno writes larger files when it starts from source.
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
