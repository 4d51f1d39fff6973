/** The executable with musl, the C library of Alpine. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exists } from "@std/fs/exists";
import { describe, it } from "@std/testing/bdd";

const LOADER = "/lib/ld-musl-x86_64.so.1";
const BINARY = Deno.env.get("ESCP_BINARY");
const problem = BINARY === undefined ? "no ESCP_BINARY" : await exists(LOADER) ? undefined : `no ${LOADER}`;
const why = problem ? ` (skipped: ${problem})` : "";

describe("the executable with musl", () => {
  it(
    `cannot start, because musl lacks functions of glibc and its loader${why}`,
    { ignore: problem !== undefined },
    async () => {
      const { code, stderr } = await new Deno.Command(LOADER, { args: [BINARY!, "--version"], stdin: "null" }).output();
      assertEquals(code, 127);
      const text = new TextDecoder().decode(stderr);
      assertStringIncludes(text, "Error loading shared library ld-linux-x86-64.so.2");
      for (
        const name of ["gnu_get_libc_version", "__register_atfork", "malloc_trim", "__res_init", "__libc_stack_end"]
      ) {
        assertMatch(text, new RegExp(`: ${name}: symbol not found$`, "m"));
      }
    },
  );
});
