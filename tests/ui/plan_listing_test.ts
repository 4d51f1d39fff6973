import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PlanListing } from "../../src/ui/plan_listing.ts";

describe("PlanListing", () => {
  it("writes a line for each entry with an escaped name", () => {
    const written: string[] = [];
    const listing = new PlanListing((text) => written.push(text));
    listing.onEvent({ type: "planned", action: "create", path: "dir/", bytes: 0 });
    listing.onEvent({ type: "planned", action: "replace", path: "dir/a\n\u001b[2J", bytes: 7 });
    listing.onEvent({ type: "note", message: "not for the list" });
    assertEquals(written, []);
    listing.flush();
    listing.flush();
    assertEquals(written, ["create   dir/\nreplace  dir/a\\n\\x1b[2J\n"]);
  });

  it("does not keep a long list in memory", () => {
    let lines = 0;
    const listing = new PlanListing((text) => lines += text.split("\n").length - 1);
    for (let i = 0; i < 10_000; i++) listing.onEvent({ type: "planned", action: "skip", path: `file ${i}`, bytes: 0 });
    assertEquals(lines > 5_000, true);
    listing.flush();
    assertEquals(lines, 10_000);
  });
});
