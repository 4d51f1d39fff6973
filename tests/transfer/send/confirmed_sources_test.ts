import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileStat } from "../../../src/files/stat/file_stat.ts";
import { ConfirmedSources } from "../../../src/transfer/send/confirmed_sources.ts";

describe("confirmed sources", () => {
  it("keep the order, root and directory of each entry over several blocks of memory", () => {
    const confirmed = new ConfirmedSources();
    const pathOf = (index: number) => `${"d".repeat(index % 7 * 30)}/${"n".repeat(index % 200)}${index}`;
    const count = 5000;
    for (let index = 0; index < count; index++) {
      confirmed.large({
        ...{ type: "ranged", root: index % 3, path: pathOf(index), size: index, attributes: new FileStat() },
        ...{ identity: { dev: 1, inode: index }, times: { mtime: index, mtimeNs: 1, ctime: 2, ctimeNs: 3 } },
      });
    }
    let index = 0;
    for (const { root, directory, name, size, mtime } of confirmed.entries()) {
      const path = directory === "" ? name : `${directory}/${name}`;
      assertEquals([root, path, size, mtime], [index % 3, pathOf(index).replace(/^\//, ""), index, index]);
      index++;
    }
    assertEquals([index, confirmed.count], [count, count]);
  });
});
