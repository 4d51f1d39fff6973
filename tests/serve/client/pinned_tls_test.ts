import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../../src/errors.ts";
import { checkAuthorities } from "../../../src/serve/client/pinned_tls.ts";

/** Returns the message for these variables; undefined if they are accepted. */
function refusal(
  variables: Record<string, string>,
  options: { isExecutable: boolean; byName: boolean },
): string | undefined {
  try {
    checkAuthorities((name) => variables[name], options);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

describe("variables that name certificate authorities", () => {
  const fromSource = { isExecutable: false, byName: false };

  it("do not matter for the executable, which ignores them", () => {
    for (const byName of [true, false]) {
      assertEquals(refusal({ DENO_CERT: "x", DENO_TLS_CA_STORE: "system" }, { isExecutable: true, byName }), undefined);
    }
  });

  it("are refused from source, except those of Mozilla, which sign only public names", () => {
    assertEquals(refusal({}, fromSource), undefined);
    for (const value of ["", "mozilla", " mozilla "]) {
      assertEquals(refusal({ DENO_TLS_CA_STORE: value, DENO_CERT: "" }, fromSource), undefined, value);
    }
    for (
      const [name, value] of [["DENO_CERT", "x"], ["NODE_EXTRA_CA_CERTS", "x"], ["DENO_TLS_CA_STORE", "system,mozilla"]]
    ) {
      assertEquals(
        refusal({ [name]: value }, fromSource),
        `Cannot connect to a server without ssh: ${name} adds certificate authorities that could forge it`,
      );
    }
  });

  it("must be empty from source for servers that are trusted by name", () => {
    const byName = { isExecutable: false, byName: true };
    assertEquals(refusal({ DENO_TLS_CA_STORE: "" }, byName), undefined);
    for (const variables of [{}, { DENO_TLS_CA_STORE: "mozilla" }, { DENO_TLS_CA_STORE: "", DENO_CERT: "x" }]) {
      assertThrows(() => checkAuthorities((name) => new Map(Object.entries(variables)).get(name), byName), UserError);
    }
    assertEquals(refusal({}, byName), "Cannot use --ca: Deno trusts the certificate authorities of Mozilla, too");
  });
});
