import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { loadOpensslEngine } from "../../../src/crypto/openssl.ts";
import {
  type Libcrypto,
  libcryptoPath,
  openLibcrypto,
  openRequestedLibcrypto,
} from "../../../src/native/lib/libcrypto.ts";
import { createTempDirectory } from "../../support/files/temp.ts";

// Open the library here, because it stays open and would count as a leak of the first test.
let libcrypto: Libcrypto | undefined;
try {
  libcrypto = openLibcrypto();
} catch {
  // This machine has no libcrypto.
}

describe("openLibcrypto", () => {
  it("opens the library once and returns its version", { ignore: !libcrypto }, () => {
    assertStrictEquals(openLibcrypto(), openLibcrypto());
    assert(/^\S+ \d+\.\d+/.test(openLibcrypto().version), openLibcrypto().version);
  });

  it("lists the names that it tried if none can be opened", () => {
    assertThrows(
      () => openLibcrypto(["libcrypto.so.none", "/nowhere/libcrypto.so"]),
      Error,
      "Cannot open libcrypto: libcrypto.so.none: ",
    );
  });

  it("refuses a library that lacks a function", { ignore: Deno.build.os !== "linux" }, () => {
    assertThrows(() => openLibcrypto(["libc.so.6"]), Error, "libc.so.6: ");
  });

  it("frees the contexts of closed ciphers", { ignore: !libcrypto }, () => {
    const made: unknown[] = [];
    const freed: unknown[] = [];
    const calls = {
      ...libcrypto!.calls,
      EVP_CIPHER_CTX_new: () => made[made.push(libcrypto!.calls.EVP_CIPHER_CTX_new()) - 1],
      EVP_CIPHER_CTX_free: (context: Deno.PointerValue) => {
        freed.push(context);
        libcrypto!.calls.EVP_CIPHER_CTX_free(context);
      },
    } as Libcrypto["calls"];
    loadOpensslEngine({ calls, version: "a libcrypto that counts", name: "none" });
    assert(made.length > 0 && made.every((context) => freed.includes(context)));
  });
});

describe("openRequestedLibcrypto", () => {
  it("opens a library by its path", { ignore: !libcrypto || Deno.build.os !== "linux" }, () => {
    const path = libcryptoPath(libcrypto!)!;
    const { version, name } = openRequestedLibcrypto(path);
    assertEquals({ version, name }, { version: libcrypto!.version, name: path });
  });

  it("refuses a relative path", () => {
    for (const path of ["libcrypto.so.3", "./libcrypto.so.3"]) {
      const message = `ESCP_LIBCRYPTO must be an absolute path, not "${path}"`;
      assertThrows(() => openRequestedLibcrypto(path), Error, message);
    }
  });

  it("names the variable, the path and the reason if the library cannot be used", {
    ignore: Deno.build.os !== "linux",
  }, async () => {
    await using directory = await createTempDirectory();
    const file = `${directory.path}/libcrypto.so.3`;
    await Deno.writeTextFile(file, "text");
    const reasons = { "/nowhere/libcrypto.so.3": "cannot open shared object file", [file]: "file too short" };
    for (const [path, reason] of Object.entries(reasons)) {
      const message = `Cannot open the library of ESCP_LIBCRYPTO: ${path}: ${reason}`;
      assertThrows(() => openRequestedLibcrypto(path), Error, message);
    }
  });

  it("refuses a library that lacks a function", { ignore: Deno.build.os !== "linux" }, () => {
    const maps = Deno.readTextFileSync("/proc/self/maps");
    const libc = libcryptoPath({ name: "libc.so.6" }, maps)!;
    assertThrows(() => openRequestedLibcrypto(libc), Error, "undefined symbol: ");
  });
});

describe("libcryptoPath", { ignore: Deno.build.os === "windows" }, () => {
  const line = (path: string) => `7f27-7f28 r-xp 000c5000 fe:00 15630407                   ${path}\n`;

  it("finds the mapped file of a name, even if the name is a link to it", () => {
    for (const file of ["/usr/lib/libcrypto.so.3", "/usr/lib/libcrypto.so.3.2.1", "/a b/libcrypto.so.3"]) {
      const maps = line("/usr/bin/deno") + line("/usr/lib/libcrypto.so.35") + line(file) + line("[heap]");
      assertEquals(libcryptoPath({ name: "libcrypto.so.3" }, maps), file);
    }
  });

  it("resolves the links of a path", async () => {
    await using directory = await createTempDirectory();
    const root = await Deno.realPath(directory.path);
    await Deno.writeTextFile(`${root}/libcrypto.so.3.1`, "text");
    await Deno.symlink("libcrypto.so.3.1", `${root}/libcrypto.so.3`);
    assertEquals(libcryptoPath({ name: `${root}/libcrypto.so.3` }), `${root}/libcrypto.so.3.1`);
  });

  it("is undefined for an unknown name", () => {
    assertEquals(libcryptoPath({ name: "libcrypto.so.3" }, line("/usr/bin/deno")), undefined);
    assertEquals(libcryptoPath({ name: "/nowhere/libcrypto.so.3" }), undefined);
  });
});
