import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ALIGNMENT } from "../../src/protocol/alignment.ts";
import { FRAME_HEADER_BYTES } from "../../src/protocol/frame.ts";
import { PACK_HEADER_BYTES, readPackHeader, writePackHeader } from "../../src/protocol/pack.ts";
import { assertProtocolError } from "./protocol_error.ts";

describe("pack header", () => {
  const view = new DataView(new ArrayBuffer(3 + PACK_HEADER_BYTES));

  it("comes back as it was", () => {
    for (const header of [{ unit: 0, attempt: 0 }, { unit: 2 ** 32 - 1, attempt: 1 }]) {
      writePackHeader(view, 3, header);
      assertEquals(readPackHeader(view, 3, 3 + PACK_HEADER_BYTES), header);
    }
  });

  it("fills up the line that the frame's header begins, and leaves nothing there that was there before", () => {
    assertEquals((FRAME_HEADER_BYTES + PACK_HEADER_BYTES) % ALIGNMENT, 0);
    const bytes = new Uint8Array(view.buffer).fill(0xff);
    writePackHeader(view, 3, { unit: 0, attempt: 0 });
    assertEquals([...bytes], [0xff, 0xff, 0xff, ...Array(PACK_HEADER_BYTES).fill(0)]);
  });

  it("is rejected when it is cut at any byte", () => {
    for (let end = 3; end < 3 + PACK_HEADER_BYTES; end++) {
      assertProtocolError("bad-record", () => readPackHeader(view, 3, end));
    }
  });

  it("leaves alone what may get a meaning later", () => {
    new Uint8Array(view.buffer).fill(0xff);
    view.setUint32(0, 7, true);
    view.setUint32(4, 1, true);
    assertEquals(readPackHeader(view, 0, view.byteLength), { unit: 7, attempt: 1 });
  });
});
