import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { findExecutable, hasExecutables } from "../../src/bootstrap/executables.ts";
import { StartError } from "../../src/errors.ts";
import { createTempTree } from "../support/files/temp_tree.ts";

// printf abc | sha256sum
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const NAME = "escp-1.0.0-linux-x64";
const places = (...directories: string[]) => ({ version: "1.0.0", directories });

describe("findExecutable", () => {
  const SUMS: [how: string, text: string][] = [
    ["as sha256sum writes it", `${ABC}  ${NAME}\n`],
    ["among others, in binary mode, in capitals", `${"0".repeat(64)}  escp\r\n${ABC.toUpperCase()} *${NAME}\r\n`],
  ];
  for (const [how, text] of SUMS) {
    it(`uses an executable that matches SHA256SUMS, ${how}`, async () => {
      await using tree = await createTempTree({ [NAME]: "abc", SHA256SUMS: text });
      const found = await findExecutable("linux-x64", places("/no/such", tree.path));
      assertEquals([found?.path, found?.sum, found?.contents.length], [`${tree.path}/${NAME}`, ABC, 3]);
    });
  }

  const BAD: [what: string, text: string | undefined][] = [
    ["another sum", `${ABC.replace("b", "c")}  ${NAME}\n`],
    ["no line", `${ABC}  ${NAME}.exe\n`],
    ["no whole sum", `${ABC.slice(1)}  ${NAME}\n`],
    ["no such file", undefined],
  ];
  for (const [what, text] of BAD) {
    it(`refuses an executable with ${what} in SHA256SUMS`, async () => {
      await using tree = await createTempTree({ [NAME]: "abc", ...(text === undefined ? {} : { SHA256SUMS: text }) });
      await assertRejects(() => findExecutable("linux-x64", places(tree.path)), StartError, "SHA");
    });
  }

  it("ignores executables for other versions and systems", async () => {
    await using tree = await createTempTree({ [NAME]: "abc", SHA256SUMS: `${ABC}  ${NAME}\n` });
    assertEquals(await findExecutable("linux-arm64", places(tree.path)), undefined);
    assertEquals(await findExecutable("linux-x64", { ...places(tree.path), version: "1.0.1" }), undefined);
    assertEquals(hasExecutables(places(tree.path)), true);
    assertEquals(hasExecutables({ ...places(tree.path), version: "1.0.1" }), false);
    assertEquals(hasExecutables(places("/no/such")), false);
  });

  it("uses the running program for its own system, without SHA256SUMS", async () => {
    await using tree = await createTempTree({ self: "abc", [NAME]: "other" });
    const self = { path: `${tree.path}/self`, system: "linux-x64" as const };
    assertEquals((await findExecutable("linux-x64", { ...places(tree.path), self }))?.sum, ABC);
    assertEquals(hasExecutables({ ...places(), self }), true);
  });
});
