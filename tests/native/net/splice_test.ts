import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { descriptorsOfFiles, fileOfDescriptor } from "../../../src/native/process/descriptors.ts";
import { openPipeCalls } from "../../../src/native/net/pipe_calls.ts";
import { descriptorOf } from "../../../src/native/net/socket_descriptor.ts";
import { openSocketCalls } from "../../../src/native/net/socket_calls.ts";
import { splice } from "../../../src/native/net/splice.ts";
import { connectPair } from "../connected_pair.ts";

const ignore = Deno.build.os !== "linux";
if (!ignore) [openSocketCalls(), openPipeCalls()];

/** Returns this process's descriptor of the pipe at a child's standard output. */
function outputOf(pid: number): number {
  return descriptorsOfFiles([fileOfDescriptor(1, pid)!])[0]!;
}

describe("splice", { ignore }, () => {
  it("forwards all bytes of a pipe to a socket", async () => {
    using pair = await connectPair();
    const child = new Deno.Command("head", { args: ["-c", "5000001", "/dev/zero"], stdout: "piped" }).spawn();
    const forwarding = splice(outputOf(child.pid), descriptorOf(pair.near)!).finally(() => pair.near.closeWrite());
    const buffer = new Uint8Array(100_000);
    let have = 0;
    for (let count; (count = await pair.far.read(buffer)) !== null;) have += count;
    assertEquals([await forwarding, have], [true, 5_000_001]);
    await child.stdout.cancel();
    await child.status;
  });

  it("returns false between two sockets and moves nothing", async () => {
    using one = await connectPair();
    using other = await connectPair();
    await one.far.write(new Uint8Array([42]));
    assertEquals(await splice(descriptorOf(one.near)!, descriptorOf(other.near)!), false);
    const buffer = new Uint8Array(2);
    assertEquals([await one.near.read(buffer), buffer[0]], [1, 42]);
  });

  it("rejects when the receiver has closed the connection", async () => {
    using pair = await connectPair();
    const child = new Deno.Command("cat", { args: ["/dev/zero"], stdout: "piped" }).spawn();
    const descriptor = descriptorOf(pair.near)!;
    pair.far.close();
    const error = await assertRejects(() => splice(outputOf(child.pid), descriptor));
    assert(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe, String(error));
    child.kill("SIGKILL");
    await child.stdout.cancel();
    await child.status;
  });
});
