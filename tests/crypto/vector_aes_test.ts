import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { recommendsNewerOpenssl, vectorAesNote } from "../../src/crypto/vector_aes.ts";

const FLAGS = "fpu aes avx2 avx512f avx512dq avx512bw avx512vl vaes vpclmulqdq";
const cpuinfo = (flags: string) => `processor\t: 0\nflags\t\t: ${flags}\nbugs\t\t: none\n`;

describe("vectorAesNote", () => {
  it("names a library that is older than OpenSSL 3.1", () => {
    for (const library of ["OpenSSL 1.1.1w", "OpenSSL 3.0.19"]) {
      assertEquals(
        vectorAesNote(library, cpuinfo(FLAGS)),
        `${library} does not use the vector AES (VAES) of this processor`,
      );
    }
  });

  it("accepts newer libraries, and those that are not OpenSSL", () => {
    for (const library of ["OpenSSL 3.1.0", "OpenSSL 3.5.5", "OpenSSL 4.0.0", "LibreSSL 3.8.2", "WebCrypto"]) {
      assertEquals(vectorAesNote(library, cpuinfo(FLAGS)), undefined, library);
    }
  });

  it("is undefined for processors that lack a needed feature", () => {
    for (const missing of ["avx512f", "avx512dq", "avx512bw", "avx512vl", "vaes", "vpclmulqdq"]) {
      const flags = FLAGS.split(" ").filter((flag) => flag !== missing).join(" ");
      assertEquals(vectorAesNote("OpenSSL 3.0.19", cpuinfo(flags)), undefined, missing);
    }
    for (const text of ["", "processor\t: 0\nFeatures\t: fp asimd aes\n"]) {
      assertEquals(vectorAesNote("OpenSSL 3.0.19", text), undefined);
    }
  });
});

describe("recommendsNewerOpenssl", () => {
  it("finds the note about this library", () => {
    const note = vectorAesNote("OpenSSL 3.0.19", cpuinfo(FLAGS))!;
    assert(recommendsNewerOpenssl("OpenSSL 3.0.19", ["another", note]));
    assert(!recommendsNewerOpenssl("OpenSSL 3.0.18", ["another", note]));
    assert(!recommendsNewerOpenssl("OpenSSL 3.0.19", []));
  });
});
