import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { checkFile, findCycles, findImports } from "../../../scripts/rules/import_rules.ts";

function check(path: string, ...lines: string[]): string[] {
  return checkFile({ path, text: lines.join("\n") }).map(({ file, line, message }) => `${file}:${line} ${message}`);
}

describe("checkFile", () => {
  it("allows imports from the same layer and lower layers", () => {
    assertEquals(
      check(
        "src/transfer/send/send.ts",
        `import { a } from "../errors.ts";`,
        `import { b } from "../session/hello.ts";`,
        `import { c } from "./results.ts";`,
        `import { d } from "node:zlib";`,
      ),
      [],
    );
  });

  it("refuses packages of a registry, except the YAML parser of the configuration", () => {
    assertEquals(check("src/config/mask.ts", `import { a } from "@std/path";`).length, 1);
    assertEquals(check("src/config/parse_yaml.ts", `const yaml = await import("npm:deno-std@1.3.0/yaml/mod.js");`), []);
  });

  it("reports file, line and both layers of an upward import", () => {
    assertEquals(
      check("src/files/walk.ts", `import { a } from "../errors.ts";`, `import { b } from "../cli/flags.ts";`),
      [
        "src/files/walk.ts:2 imports src/cli/flags.ts: layer src/files/ may not import layer src/cli/",
      ],
    );
  });

  it("finds types, re-exports, imports of several lines, dynamic imports and Worker modules", () => {
    const forbidden = [
      `import type { A } from "../cli/a.ts";`,
      `export { b } from "../cli/b.ts";`,
      `export * from "../cli/c.ts";`,
      `import {\n  d,\n} from "../cli/d.ts";`,
      `const e = await import("../cli/e.ts");`,
      `import "../cli/f.ts";`,
      `new Worker(new URL("../cli/g.ts", import.meta.url), { type: "module" });`,
      `const h: import("../cli/h.ts").H = 1;`,
    ];
    for (const line of forbidden) assertEquals(check("src/files/walk.ts", line).length, 1, line);
  });

  it("places resume between the interfaces and the engines, and ssh below sessions", () => {
    assertEquals(check("src/resume/journal.ts", `import { a } from "../files/engine/target.ts";`), []);
    assertEquals(check("src/files/native/partials.ts", `import { a } from "../../resume/journal.ts";`), []);
    assertEquals(check("src/files/stat/file_stat.ts", `import { a } from "../../resume/journal.ts";`).length, 1);
    assertEquals(check("src/resume/journal.ts", `import { a } from "../files/native/partials.ts";`).length, 1);
    assertEquals(check("src/session/session.ts", `import { a } from "../ssh/reach.ts";`), []);
    assertEquals(check("src/ssh/reach.ts", `import { a } from "../session/session.ts";`).length, 1);
  });

  it("allows only the errors in the protocol", () => {
    assertEquals(check("src/protocol/frame.ts", `import { a } from "../errors.ts";`), []);
    assertEquals(check("src/protocol/frame.ts", `import { a } from "../crypto/nonce.ts";`).length, 1);
    assertEquals(check("src/crypto/openssl.ts", `import { a } from "../native/libcrypto.ts";`), []);
    assertEquals(check("src/native/libc.ts", `import { a } from "../crypto/nonce.ts";`).length, 1);
  });

  it("finds impure calls in the lower layers", () => {
    for (
      const call of ["Deno.cwd()", "setTimeout(f, 1)", "console.log(1)", "new Date()", "Math.random()", "Date.now()"]
    ) {
      assertEquals(check("src/protocol/frame.ts", call).length, 1, call);
      assertEquals(check("src/crypto/nonce.ts", call).length, 1, call);
    }
    assertEquals(check("src/crypto/webcrypto.ts", "Deno.cwd(); new Date();"), []);
  });

  it("allows only the command line to print and exit", () => {
    assertEquals(check("src/cli/run.ts", `console.log("x"); Deno.exit(1);`), []);
    assertEquals(check("main.ts", `Deno.exit(await run());`), []);
    assertEquals(check("src/ui/line.ts", `console.log("x");`, `Deno.exit(1);`), [
      "src/ui/line.ts:1 uses console.log: only src/cli and main.ts print and exit",
      "src/ui/line.ts:2 uses Deno.exit: only src/cli and main.ts print and exit",
    ]);
  });

  it("ignores comments and texts, but not expressions in templates", () => {
    assertEquals(
      check(
        "src/protocol/frame.ts",
        `// import { a } from "../cli/a.ts"; Deno.exit()`,
        `/* Deno.cwd()`,
        ` * import "../cli/b.ts" */`,
        `const text = 'import "../cli/c.ts"; Date';`,
        "const template = `Deno.cwd() ${text}`;",
      ),
      [],
    );
    assertEquals(check("src/protocol/frame.ts", "const now = `${Date.now()}`;").length, 1);
  });

  it("requires a layer for a new directory", () => {
    assertEquals(check("src/new/a.ts", "").length, 1);
    assertEquals(check("src/cli/a.ts", `import "../new/a.ts";`).length, 1);
  });
});

describe("findImports", () => {
  it("returns specifiers and lines", () => {
    assertEquals(findImports(`import a from "a";\n\nexport {\n  b,\n} from "./b.ts";\n`), [
      { specifier: "a", line: 1 },
      { specifier: "./b.ts", line: 5 },
    ]);
  });
});

describe("findCycles", () => {
  const file = (path: string, ...imports: string[]) => ({
    path,
    text: imports.map((specifier) => `import type { A } from "${specifier}";`).join("\n"),
  });

  it("accepts files that share an import", () => {
    const files = [file("src/a.ts", "./b.ts", "./c.ts"), file("src/b.ts", "./c.ts"), file("src/c.ts", "@std/path")];
    assertEquals(findCycles(files), []);
  });

  it("reports the files of a cycle once, including type imports", () => {
    const files = [file("src/a.ts", "./b.ts"), file("src/b.ts", "./c/c.ts"), file("src/c/c.ts", "./d.ts", "../b.ts")];
    assertEquals(findCycles([...files, file("src/c/d.ts")]), [
      { file: "src/c/c.ts", line: 2, message: "imports src/b.ts: a cycle, src/b.ts -> src/c/c.ts -> src/b.ts" },
    ]);
  });

  it("finds a file that imports itself", () => {
    assertEquals(findCycles([file("src/a.ts", "./a.ts")]).map(({ message }) => message), [
      "imports src/a.ts: a cycle, src/a.ts -> src/a.ts",
    ]);
  });
});
