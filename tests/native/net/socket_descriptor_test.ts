import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { openDescriptors } from "../../../src/native/process/descriptors.ts";
import { acceptWithoutDelay, descriptorOf, duplicate } from "../../../src/native/net/socket_descriptor.ts";
import { intOption, IPPROTO_TCP, openSocketCalls, TCP_NODELAY } from "../../../src/native/net/socket_calls.ts";
import { connectPair, rawSocketOf } from "../connected_pair.ts";

const ignore = Deno.build.os !== "linux";

// Open the library here, because it stays open and would count as a leak of the first test.
if (!ignore) openSocketCalls();

describe("descriptorOf", { ignore }, () => {
  it("distinguishes the ends of several connections", async () => {
    using one = await connectPair();
    using two = await connectPair();
    const descriptors = [one.near, one.far, two.near, two.far].map(descriptorOf);
    assertEquals(new Set(descriptors).size, 4);
    assert(!descriptors.includes(undefined));

    using socket = rawSocketOf(two.near);
    assertEquals(socket.write(new Uint8Array([7]), 0, 1), 1);
    const got = new Uint8Array(2);
    assertEquals(await two.far.read(got), 1);
    assertEquals(got[0], 7);
  });

  it("enables TCP_NODELAY", async () => {
    using pair = await connectPair();
    assertEquals(intOption(descriptorOf(pair.near)!, IPPROTO_TCP, TCP_NODELAY), 1);
  });

  it("returns undefined for a connection with two descriptors", async () => {
    using pair = await connectPair();
    using _socket = rawSocketOf(pair.near);
    assertEquals(descriptorOf(pair.near), undefined);
  });

  it("refuses a closed connection", async () => {
    using pair = await connectPair();
    pair.near.close();
    assertThrows(() => descriptorOf(pair.near), Deno.errors.BadResource);
  });
});

describe("duplicate", { ignore }, () => {
  it("refuses a descriptor that is not open", () => {
    assertThrows(() => duplicate(1 << 20), Deno.errors.BadResource, "Bad file descriptor");
  });

  it("returns a descriptor for which Deno's close() shuts down sending, but not receiving", async () => {
    using pair = await connectPair();
    using socket = rawSocketOf(pair.near);
    pair.near.close();
    assertEquals(await pair.far.read(new Uint8Array(1)), null);
    await pair.far.write(new Uint8Array([1, 2, 3]));
    assertEquals(await socket.read(new Uint8Array(8), 0, 8), 3);
  });
});

describe("acceptWithoutDelay", { ignore }, () => {
  it("lets connections that are accepted later send small writes at once", async () => {
    const withoutDelay = () => openDescriptors().filter((fd) => intOption(fd, IPPROTO_TCP, TCP_NODELAY) === 1).length;
    const before = withoutDelay();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accept = async () => {
      const [near, far] = await Promise.all([Deno.connect({ port: listener.addr.port }), listener.accept()]);
      return { near, far, [Symbol.dispose]: () => [near, far].forEach((conn) => conn.close()) };
    };
    using _plain = await accept();
    assertEquals(withoutDelay(), before);
    acceptWithoutDelay();
    using _fast = await accept();
    // The listener and the accepted connection.
    assertEquals(withoutDelay(), before + 2);
  });
});
