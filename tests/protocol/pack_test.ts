import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PACK_HEADER_BYTES, readPackHeader, writePackHeader } from "../../src/protocol/pack.ts";
import { assertProtocolError } from "./protocol_error.ts";

describe("pack header", () => {
  const view = new DataView(new ArrayBuffer(20));

  it("comes back as it was", () => {
    for (const header of [{ unit: 0, first: true }, { unit: 2 ** 32 - 1, first: false }]) {
      writePackHeader(view, 3, header);
      assertEquals(readPackHeader(view, 3, 3 + PACK_HEADER_BYTES), header);
    }
  });

  it("is rejected when it is cut at any byte", () => {
    for (let end = 3; end < 3 + PACK_HEADER_BYTES; end++) {
      assertProtocolError("bad-record", () => readPackHeader(view, 3, end));
    }
  });

  it("leaves alone flags that may get a meaning later", () => {
    view.setUint32(0, 7, true);
    view.setUint32(4, 0xfffffffe, true);
    assertEquals(readPackHeader(view, 0, 20), { unit: 7, first: false });
  });
});
