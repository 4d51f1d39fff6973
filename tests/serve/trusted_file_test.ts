import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../src/errors.ts";
import { MAX_TRUSTED_BYTES, readTrustedFile } from "../../src/serve/trusted_file.ts";
import { createTempDirectory } from "../support/files/temp.ts";

const refuses = (path: string, reason: string) => assertThrows(() => readTrustedFile(path), UserError, reason);

describe("a trusted file", { ignore: Deno.build.os === "windows" }, () => {
  it("is read below a sticky directory and through links", async () => {
    await using directory = await createTempDirectory();
    await Deno.chmod(directory.path, 0o1777);
    await Deno.mkdir(`${directory.path}/..data`);
    await Deno.writeTextFile(`${directory.path}/..data/file`, "text", { mode: 0o644 });
    await Deno.symlink("..data/file", `${directory.path}/file`);
    assertEquals(readTrustedFile(`${directory.path}/file`), "text");
    assertEquals(readTrustedFile(`${directory.path}/missing`), undefined);
  });

  it("is read whole up to the maximum size", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/file`;
    for (const size of [0, 1, 4095, 4096, 4097, 16384, 16385, MAX_TRUSTED_BYTES - 1, MAX_TRUSTED_BYTES]) {
      const text = Array.from({ length: size }, (_, at) => String.fromCharCode(97 + at % 23)).join("");
      await Deno.writeTextFile(path, text, { mode: 0o600 });
      assertEquals(readTrustedFile(path) === text, true, `${size} bytes`);
    }
  });

  it("is refused if others can write to it or its directories", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/a/b/file`;
    await Deno.mkdir(`${directory.path}/a/b`, { recursive: true });
    await Deno.writeTextFile(path, "text");
    for (const mode of [0o620, 0o602, 0o1602]) {
      await Deno.chmod(path, mode);
      refuses(path, `Cannot read "${path}": other users may write to it`);
    }
    await Deno.chmod(path, 0o644);
    for (const mode of [0o770, 0o777]) {
      await Deno.chmod(`${directory.path}/a`, mode);
      refuses(path, `other users may write to "${directory.path}/a"`);
    }
    await Deno.chmod(`${directory.path}/a`, 0o755);
    assertEquals(readTrustedFile(path), "text");
  });

  it("is refused if it or a directory belongs to another user", { ignore: Deno.uid() !== 0 }, async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/a/file`;
    await Deno.mkdir(`${directory.path}/a`);
    await Deno.writeTextFile(path, "text");
    await Deno.chown(path, 12345, null);
    refuses(path, "it belongs to another user");
    await Deno.chown(path, 0, null);
    await Deno.chown(`${directory.path}/a`, 12345, null);
    refuses(path, `"${directory.path}/a" belongs to another user`);
    // A link of another user in a sticky directory leads to the file of that user.
    await Deno.symlink(path, `${directory.path}/link`);
    refuses(`${directory.path}/link`, "belongs to another user");
  });

  it("is refused if it is not a regular file, too large or not text", async () => {
    await using directory = await createTempDirectory();
    refuses(directory.path, "it is not a regular file");
    const fifo = `${directory.path}/fifo`;
    await new Deno.Command("mkfifo", { args: [fifo] }).output();
    refuses(fifo, "it is not a regular file");
    const path = `${directory.path}/file`;
    await Deno.writeFile(path, new Uint8Array(MAX_TRUSTED_BYTES + 1));
    refuses(path, "it is larger than 1 MiB");
    await Deno.writeFile(path, Uint8Array.of(0xff));
    refuses(path, "it is not UTF-8 text");
    await Deno.symlink("loop", `${directory.path}/loop`);
    refuses(`${directory.path}/loop`, "Too many levels of symbolic links");
  });
});
