import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { checkLanguage } from "../../scripts/language_rules.ts";

function check(text: string, path = "src/files/a.ts"): string[] {
  return checkLanguage({ path, text }).map(({ line, message }) => `${line} ${message}`);
}

describe("checkLanguage", () => {
  it("finds a banned word in comments and texts, with its line", () => {
    assertEquals(check(`const a = 1;\n/** Opens the fold${"er"}. */\nfail("Cannot open the fold${"er"}");`), [
      `2 "fold${"er"}": write "directory"`,
      `3 "fold${"er"}": write "directory"`,
    ]);
  });

  it("ignores code, names in backquotes and texts of one word", () => {
    assertEquals(check(`const folder = "folder";\n/** Opens \`folder\`. */`), []);
  });

  it("finds a comment that begins with a clause, and not a later line of it", () => {
    const clause = ["Wh", "at"].join("");
    assertEquals(check(`/**\n * Opens it.\n * ${clause} is missing is created.\n */`), []);
    assertEquals(check(`// Opens it.\n// ${clause} is missing is created.`), []);
    assertEquals(check(`/** ${clause} is missing. */`), [`1 begins with "${clause}": begin with the subject`]);
  });

  it('accepts "there is no" and "is no longer"', () => {
    assertEquals(check("// There is no file. It is no longer there."), []);
    assertEquals(check(`// The file is ${"no"} link.`), [`1 "is no": write "is not a"`]);
  });

  it("allows the terms of the record layer in their files", () => {
    const text = `// The frame is seal${"ed"} in place.`;
    assertEquals(check(text, "src/crypto/cipher.ts"), []);
    assertEquals(check(text).length, 1);
  });

  it("reads documents except their code blocks", () => {
    assertEquals(check(`# A\n\n\`\`\`\nfold${"er"}\n\`\`\`\n\nThe fold${"er"}.`, "README.md"), [
      `7 "fold${"er"}": write "directory"`,
    ]);
  });
});
