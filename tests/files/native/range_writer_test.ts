import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { NativeRangeWriter } from "../../../src/files/native/range_writer.ts";
import { openAsyncFileCalls } from "../../../src/native/file/async_calls.ts";
import { type FileCalls, openFileCalls } from "../../../src/native/file/calls.ts";
import { isNativeHere } from "../file_engines.ts";

const DESCRIPTOR = 12345;

describe("NativeRangeWriter", { ignore: !isNativeHere }, () => {
  it("closes its descriptor after the last of several calls in other threads", async () => {
    const closed: number[] = [];
    const calls: FileCalls = { ...openFileCalls(), close: (descriptor) => closed.push(descriptor) && 0 };
    const asyncCalls = openAsyncFileCalls() as { pwrite: unknown };
    const { pwrite } = asyncCalls;
    const pending: PromiseWithResolvers<number>[] = [];
    asyncCalls.pwrite = () => {
      pending.push(Promise.withResolvers<number>());
      return pending.at(-1)!.promise;
    };
    try {
      const writer = new NativeRangeWriter(calls, DESCRIPTOR, "f");
      const writes = [0, 1].map((offset) => writer.writeAsync(new Uint8Array(1), 0, 1, offset));
      writer.close();
      writer.close();
      pending[0].resolve(1);
      await writes[0];
      assertEquals(closed, []);
      pending[1].resolve(1);
      await writes[1];
      assertEquals(closed, [DESCRIPTOR]);
    } finally {
      asyncCalls.pwrite = pwrite;
    }
  });
});
