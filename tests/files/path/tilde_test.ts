import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ownHome } from "../../../src/files/path/tilde.ts";

describe("the home directory", () => {
  it("comes from the system; on Windows, HOME belongs to another shell", () => {
    const home = (variables: Record<string, string>, style: "posix" | "windows") =>
      ownHome((name) => variables[name], style);
    const both = { HOME: "/c/Users/me", USERPROFILE: "C:\\Users\\me" };
    assertEquals(home(both, "posix"), "/c/Users/me");
    assertEquals(home(both, "windows"), "C:\\Users\\me");
    assertEquals(home({ HOME: "C:/me" }, "windows"), "C:/me");
    assertEquals([home({}, "windows"), home({ HOME: "" }, "posix")], [undefined, undefined]);
    assertEquals(home({ USERPROFILE: "C:\\Users\\me" }, "posix"), undefined);
  });
});
