import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { checkLanguage, WORD_RULES } from "../../../scripts/rules/language_rules.ts";

function check(text: string, path = "src/files/a.ts"): string[] {
  return checkLanguage({ path, text }).map(({ line, message }) => `${line} ${message}`);
}

/** For each rule in its order: a text that breaks it, the phrase found, and a similar text that is allowed. */
const EXAMPLES: [breaks: string, found: string, allowed: string][] = [
  ["See above.", "See above", "See the table."],
  ["The file is no link.", "is no", "There is no file, and it is no longer open."],
  ["Whoever sends it", "Whoever", "However large"],
  ["Everybody may write", "Everybody", "The user nobody"],
  ["It hears of the end", "hears", "The sheared edge"],
  ["The client tells the host", "tells", "Tolled bytes"],
  ["The peer says bye", "says", "The peer sends bye"],
  ["The copy goes on", "goes on", "The name goes onto the wire"],
  ["If it goes well", "goes well", "The well-known port"],
  ["It begins anew", "anew", "A new file"],
  ["Brings it to the disk", "Brings it to the disk", "Brings it to an end"],
  ["It came about", "came about", "Came after"],
  ["Lets go of the lock", "Lets go of", "Lets the caller continue"],
  ["Held against the sum", "Held against", "Held by the lock"],
  ["It lies in memory", "lies", "Supplies memory"],
  ["It stands in the header", "stands in", "A dash stands for standard input"],
  ["The wait is borne", "borne", "Airborne"],
  ["The peer is believed", "believed", "Relieved"],
  ["Hands over the file", "Hands over", "Hands of a clock"],
  ["It starts by itself", "by itself", "It sorts by the name itself"],
  ["Waits so long", "so long", "Also longer"],
  ["At the most 4", "At the most", "At most 4"],
  ["The file is there already", "is there already", "The file already exists"],
  ["As far as permitted", "As far as", "Far away"],
  ["No matter which", "No matter", "No matching file"],
  ["It works all the same", "all the same", "They are all the same size"],
  ["Text without end", "without end", "Without ending quotes"],
  ["Data changed on its way", "on its way", "On its route"],
  ["Send it once more", "once more", "Once, or more often"],
  ["In the place of ssh", "In the place of", "In place"],
  ["undefined when missing", "undefined when", "undefined if missing"],
  ["Default 4", "Default 4", "Default: 4 (default 4)"],
  ["A folder", "folder", "A subdirectory"],
  ["The other side", "The other side", "The other file"],
  ["8 kilobits a second", "kilobits a second", "After a second attempt"],
  ["Streams a core", "Streams a core", "Streams per core"],
  ["Sealed frames", "Sealed", "Encrypted frames"],
];

describe("WORD_RULES", () => {
  for (const [index, { pattern, advice }] of WORD_RULES.entries()) {
    const [breaks, found, allowed] = EXAMPLES[index];
    it(`find "${found}" and accept "${allowed}"`, () => {
      assertEquals(check(`// Note: ${breaks}`), [`1 "${found}": write ${advice}`]);
      assertEquals(pattern.test(allowed), false);
    });
  }

  it("have an example each", () => assertEquals(EXAMPLES.length, WORD_RULES.length));
});

describe("checkLanguage", () => {
  it("finds phrases in comments and texts, with their lines", () => {
    assertEquals(check('const a = 1;\n/** Opens the folder. */\nfail("Cannot open the folder");'), [
      '2 "folder": write "directory"',
      '3 "folder": write "directory"',
    ]);
  });

  it("finds phrases in templates", () => {
    assertEquals(check("fail(`Cannot open the folder ${name}`);"), ['1 "folder": write "directory"']);
  });

  it("ignores code, names in backquotes and texts of one word", () => {
    assertEquals(check('const folder = "folder";\n/** Opens `folder`. */'), []);
  });

  it("finds openings of comments without a subject, and ignores later lines", () => {
    assertEquals(check("/**\n * Opens it.\n * What is missing is created.\n */"), []);
    assertEquals(check("// Opens it.\n// What is missing is created."), []);
    for (const opening of ["What", "Those that", "How many", "It", "They"]) {
      assertEquals(check(`/** ${opening} follow. */`), [`1 begins with "${opening}": begin with the subject`]);
    }
    assertEquals(check("/** Whether the file exists. */\n\n/** Items that follow. */"), []);
  });

  it("finds names of tests that begin with a pronoun", () => {
    const test = 'describe("files", () => {\n  it("they are sent", () => {});\n  it("arrive", () => {});\n});';
    assertEquals(check(test, "tests/a_test.ts"), [
      '2 test name begins with "they": begin with the subject or its verb',
    ]);
    assertEquals(check(test, "src/a.ts"), []);
  });

  it("allows the terms of the record layer in its files", () => {
    const text = "// The frame is sealed in place.";
    assertEquals(check(text, "src/crypto/cipher.ts"), []);
    assertEquals(check(text).length, 1);
  });

  it("reads documents except their code blocks", () => {
    assertEquals(check("# A\n\n```\nfolder\n```\n\nThe folder.", "README.md"), ['7 "folder": write "directory"']);
  });
});
