import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../../src/errors.ts";
import type { WireSource } from "../../../src/protocol/control/messages.ts";
import { checkOffered, checkPaths, onlyNames } from "../../../src/transfer/client/accept_sources.ts";
import type { CopyRequest } from "../../../src/transfer/client/copy_request.ts";
import { assertProtocolError } from "../../protocol/protocol_error.ts";

const offer = (more: Partial<WireSource>): WireSource => ({
  ...{ operand: 0, name: ".", kind: "folder", dev: 0, inode: 1 },
  ...more,
});
const requested = ["a/b", "c/./d"].map((path) => ({ path, literal: false }));

describe("sources of a pull with --relative", () => {
  it("are contents of directories, at most one per operand", () => {
    const check = (...offered: WireSource[]) => checkOffered(offered, requested, { recursive: true, relative: "flat" });
    check(offer({}), offer({ operand: 1 }));
    for (
      const bad of [{ name: "b" }, { kind: "file" }, { operand: 2 }, { target: "x" }, {
        name: "..",
        kind: "file",
      }] as const
    ) {
      assertProtocolError("unasked", () => check(offer(bad)));
    }
    assertProtocolError("unasked", () => check(offer({}), offer({})));
  });

  it("may write only names with which kept paths begin, if they are known", async () => {
    const names = (paths: string[], literal = false) => {
      const sources = paths.map((path) => ({ path, literal }));
      return onlyNames({ request: { relative: "deep" } as CopyRequest, sources });
    };
    assertEquals(await names(["a/b", "/etc/x", "c/./d/e", "./f"]), new Set(["a", "etc", "d", "f"]));
    assertEquals(await names(["a*/b", "c"]), undefined);
    assertEquals(await names(["a*/b"], true), new Set(["a*"]));
    assertEquals(await Promise.all([names(["~/a"]), names(["a/./"]), names(["."])]), [undefined, undefined, undefined]);
  });

  it("may write everything without a selection of paths", async () => {
    assertEquals(await onlyNames({ request: {} as CopyRequest, sources: requested }), undefined);
  });
});

describe("paths that a copy selects", () => {
  for (const kind of ["listed", "relative"] as const) {
    it(`are refused by the client beyond 4,000,000 different names: ${kind}`, async () => {
      const check = (first: (index: number) => string) => {
        const paths = Array.from({ length: 67 }, (_, index) => first(index) + "/a".repeat(60_000));
        return checkPaths({
          request: { [kind]: "deep" } as Partial<CopyRequest> as CopyRequest,
          sources: kind === "relative" ? paths.map((path) => ({ path, literal: true })) : [],
          listed: paths,
        });
      };
      await check(() => "same");
      await assertRejects(() => check(String), UserError, "more than 4,000,000 different files and directories");
    });
  }
});
