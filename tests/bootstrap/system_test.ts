import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { executableName, ownSystem, systemOf } from "../../src/bootstrap/system.ts";
import { VERSION } from "../../src/cli/version.ts";
import { TARGETS } from "../../scripts/targets.ts";

const GLIBC = "glibc 2.36";
const NEEDED = "and escp needs 2.27 or later";

describe("systemOf", () => {
  const KNOWN: [kernel: string, machine: string, libc: string, system: string][] = [
    ["Linux", "x86_64", GLIBC, "linux-x64"],
    ["Linux", "aarch64", "ldd (Debian GLIBC 2.36-9+deb12u7) 2.36 Copyright (C) 2022", "linux-arm64"],
    ["Linux", "amd64", "ldd (GNU libc) 2.27 Copyright", "linux-x64"],
    ["Linux", "x86_64", "", "linux-x64"],
    ["Linux", "x86_64", "sh: ldd: not found", "linux-x64"],
    ["Darwin", "arm64", "", "macos-arm64"],
    ["Darwin", "x86_64", "", "macos-x64"],
  ];
  for (const [kernel, machine, libc, system] of KNOWN) {
    it(`supports ${kernel} on ${machine} with "${libc}"`, () =>
      assertEquals(systemOf({ kernel, machine, libc }), { system } as ReturnType<typeof systemOf>));
  }

  const REFUSED: [kernel: string, machine: string, libc: string, problem: string][] = [
    ["", "", "", "its system is unknown (no uname)"],
    ["FreeBSD", "amd64", "", "escp does not support its system (FreeBSD on amd64)"],
    ["Linux", "riscv64", GLIBC, "escp does not support its system (Linux on riscv64)"],
    ["Linux", "", GLIBC, "escp does not support its system (Linux on ?)"],
    ["constructor", "x86_64", "", "escp does not support its system (constructor on x86_64)"],
    ["Linux", "x86_64", "glibc 2.26", `its C library is glibc 2.26, ${NEEDED}`],
    ["Linux", "x86_64", "ldd (GNU libc) 2.17 Copyright", `its C library is glibc 2.17, ${NEEDED}`],
    ["Linux", "x86_64", "glibc 1.99", `its C library is glibc 1.99, ${NEEDED}`],
    [
      "Linux",
      "x86_64",
      "musl libc (x86_64) Version 1.2.4 Dynamic Program Loader",
      "its C library is musl, as on Alpine, and escp needs glibc 2.27 or later",
    ],
  ];
  for (const [kernel, machine, libc, problem] of REFUSED) {
    it(`refuses ${kernel || "nothing"} on ${machine || "nothing"} with "${libc}"`, () =>
      assertEquals(systemOf({ kernel, machine, libc }), { problem }));
  }
});

describe("the executables of a release", () => {
  it("have the names that findExecutable looks for", () => {
    const names = TARGETS.map(({ system, extension }) => `escp-${VERSION}-${system}${extension}`);
    const systems = [
      ...(["x86_64", "aarch64"] as const).flatMap((arch) => [
        ownSystem({ os: "linux", arch }),
        ownSystem({ os: "darwin", arch }),
      ]),
      ownSystem({ os: "windows", arch: "x86_64" }),
    ];
    assertEquals(systems.map((system) => executableName(VERSION, system!)).sort(), names.sort());
    assertEquals(ownSystem({ os: "freebsd", arch: "x86_64" }), undefined);
  });
});
