import { assertEquals, assertNotEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { addressOf, AT_FDCWD, AT_SYMLINK_NOFOLLOW, openFileCalls } from "../../../src/native/file/calls.ts";
import { Errno } from "../../../src/native/libc/errno.ts";
import { homeOfUser } from "../../../src/native/file/home.ts";
import { NameCounter } from "../../../src/native/file/name_counter.ts";
import { PinnedBuffer } from "../../../src/native/file/pinned_buffer.ts";
import { Statx } from "../../../src/native/file/statx.ts";

const ignore = Deno.build.os !== "linux";
const encoder = new TextEncoder();
// Open the library here, because it stays open and would count as a leak of the first test.
if (!ignore) openFileCalls();

describe("file calls", { ignore }, () => {
  it("return -1 and set errno on failure", () => {
    const calls = openFileCalls();
    const name = new PinnedBuffer(64);
    name.putName(encoder.encode("/no/such/place"));
    assertEquals(calls.openat(AT_FDCWD, name.address, 0, 0), -1);
    assertEquals(calls.errno(), Errno.ENOENT);
    assertEquals(calls.close(-1), -1);
    assertEquals(calls.errno(), Errno.EBADF);
  });

  it("are opened once per thread", () => {
    assertEquals(openFileCalls(), openFileCalls());
  });

  it("write and read at offsets above 2 ** 32", () => {
    const path = Deno.makeTempFileSync();
    try {
      const calls = openFileCalls();
      const name = new PinnedBuffer(4096);
      name.putName(encoder.encode(path));
      const descriptor = calls.openat(AT_FDCWD, name.address, 2, 0);
      const offset = 2 ** 33 + 5;
      assertEquals(calls.pwrite(descriptor, name.address, 3, offset), 3);
      assertEquals(calls.pread(descriptor, name.address + 1000, 10, offset), 3);
      assertEquals(name.bytes.slice(1000, 1003), encoder.encode(path.slice(0, 3)));
      assertEquals(calls.ftruncate(descriptor, 2 ** 32 + 1), 0);
      const statx = new Statx(calls);
      statx.fill(AT_FDCWD, name.address, 0);
      assertEquals(statx.size, 2 ** 32 + 1);
      calls.close(descriptor);
    } finally {
      Deno.removeSync(path);
    }
  });

  it("statx returns the same attributes as Deno.stat", () => {
    const path = Deno.makeTempFileSync();
    try {
      Deno.utimeSync(path, -1, 1_500_000_000.25);
      const statx = new Statx(openFileCalls());
      const name = new PinnedBuffer(4096);
      name.putName(encoder.encode(path));
      assertEquals(statx.fill(AT_FDCWD, name.address, AT_SYMLINK_NOFOLLOW), true);
      const info = Deno.statSync(path);
      const { mode, uid, gid, size, links, dev, inode, mtime, mtimeNs, atime } = statx;
      assertEquals({ mode, uid, gid, size, links, dev, inode }, {
        mode: info.mode,
        uid: info.uid,
        gid: info.gid,
        size: info.size,
        links: info.nlink,
        dev: info.dev,
        inode: info.ino,
      });
      assertEquals([mtime, mtimeNs, atime], [1_500_000_000, 250_000_000, -1]);
    } finally {
      Deno.removeSync(path);
    }
  });
});

describe("addressOf", { ignore }, () => {
  it("returns the address of each buffer, also when buffers alternate", () => {
    const buffers = [1, 64, 65, 1 << 20].map((size) => new Uint8Array(size).fill(size & 0xff).buffer);
    for (const round of [0, 1]) {
      for (const buffer of buffers) {
        const pointer = Deno.UnsafePointer.create(BigInt(addressOf(buffer)))!;
        assertEquals(new Deno.UnsafePointerView(pointer).getUint8(), new Uint8Array(buffer)[0], `round ${round}`);
      }
    }
    assertEquals(new Set(buffers.map(addressOf)).size, buffers.length);
  });
});

describe("NameCounter", { ignore }, () => {
  it("counts in hexadecimal digits at a fixed address", () => {
    const names = new NameCounter("a-", ".b");
    const address = names.address;
    assertEquals(names.text(), "a-00000000.b");
    for (let count = 0; count < 0x1ff; count++) names.next();
    assertEquals(names.text(), "a-000001ff.b");
    assertEquals(names.address, address);
  });
});

describe("homeOfUser", { ignore }, () => {
  it("returns the home directory of a known user", () => {
    assertEquals(homeOfUser("root"), "/root");
    assertEquals(homeOfUser("no-such-user"), undefined);
    assertNotEquals(homeOfUser("daemon"), "");
  });
});
