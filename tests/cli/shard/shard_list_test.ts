import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { shardList } from "../../../src/cli/shard/shard_list.ts";

describe("shardList", () => {
  it("joins numbers to ranges", () => {
    assertEquals([[], [3], [0, 1], [0, 2, 3, 4, 9]].map(shardList), ["", "3", "0-1", "0,2-4,9"]);
  });
});
