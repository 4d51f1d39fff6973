import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../../src/errors.ts";
import { formatPublicKeyLine, publicKeyOf } from "../../../src/serve/keys/public_key.ts";
import {
  AuthorizedKeysFile,
  findAuthorizedKey,
  parseAuthorizedKeys,
} from "../../../src/serve/server/authorized_keys.ts";
import { restrict } from "../../../src/serve/server/key_options.ts";
import { createTempDirectory } from "../../support/files/temp.ts";
import { hasSshKeygen, makeKey, runTool } from "../../support/hosts/ssh_tools.ts";

const KEY = publicKeyOf(new Uint8Array(32).fill(1));
const OTHER = publicKeyOf(new Uint8Array(32).fill(2));
const LINE = formatPublicKeyLine(KEY, "me@host");

/** Returns the options of the only line. */
function optionsOf(text: string) {
  const { keys, invalid } = parseAuthorizedKeys(`${text} ${LINE}\n`);
  assertEquals([keys.length, invalid], [1, []], text);
  return keys[0].options;
}

/** Returns the reason for which the only line is not used. */
function reasonOf(line: string): string {
  const { keys, invalid } = parseAuthorizedKeys(`\n${line}\n`);
  assertEquals([keys.length, invalid.length, invalid[0]?.line], [0, 1, 2], line);
  return invalid[0].reason;
}

describe("a file of authorized keys", () => {
  it("has keys, comments and empty lines", () => {
    const text = `# keys\r\n\r\n \t${LINE}\r\n\t# ${LINE}\nroot="/a b" ${formatPublicKeyLine(OTHER)}`;
    const { keys, invalid } = parseAuthorizedKeys(text);
    assertEquals(invalid, []);
    assertEquals(keys, [
      { key: KEY, options: {}, comment: "me@host", line: 3 },
      { key: OTHER, options: { root: "/a b" }, comment: "", line: 5 },
    ]);
    assertEquals(parseAuthorizedKeys(""), { keys: [], invalid: [] });
  });

  it("has the key that ssh-keygen writes", { ignore: !hasSshKeygen }, async () => {
    await using directory = await createTempDirectory();
    const path = await makeKey(directory.path);
    const file = `${directory.path}/authorized_keys`;
    await Deno.writeTextFile(file, `allow="push",from="127.0.0.1" ${await Deno.readTextFile(`${path}.pub`)}`);
    const [key] = new AuthorizedKeysFile(file, () => {}).read().keys;
    assertEquals(key.comment, "user@host");
    // ssh-keygen reads options as sshd does.
    assert((await runTool("ssh-keygen", ["-l", "-f", file])).includes("user@host"));
  });

  it("has options with quotes, commas, backslashes and names in upper case", () => {
    assertEquals(optionsOf(`root="/a,b \\"c\\" d",ALLOW="pull,push",limit="10MB"`), {
      root: '/a,b "c" d',
      allow: ["pull", "push"],
      bytesPerSecond: 10_000_000,
    });
    assertEquals(optionsOf(`root="C:\\data\\x y"`).root, "C:\\data\\x y");
    assertEquals(optionsOf(`limit="8"`).bytesPerSecond, 1000);
    assertEquals(optionsOf(`allow="push"\t`).allow, ["push"]);
  });

  it("does not use a line with an unknown or damaged option", () => {
    const reasons: Record<string, string> = {
      'command="x"': 'the option "command" is unknown',
      "restrict": 'the option "restrict" is unknown',
      'no-pty,root="/a"': 'the option "no-pty" is unknown',
      'root="/a",root="/b"': 'the option "root" is repeated',
      "root=/a": 'the option "root" needs a value in quotes',
      "root": 'the option "root" needs a value in quotes',
      'root="/a"allow="push"': "options must be separated by commas",
      'root="/a",': "an option is not readable",
      'root="/a': 'the option "root" needs a value in quotes',
      'root="/a\\"': 'the option "root" needs a value in quotes',
      'root=""': "root must be a directory",
      'root="/a/../b"': 'root must not contain ".."',
      'root="~/a"': 'root must not begin with "~"',
      'allow=""': 'allow must be "push", "pull" or "push,pull"',
      'allow="push,write"': 'allow must be "push", "pull" or "push,pull"',
      'limit="fast"': "limit must be a rate",
      'limit="0"': "limit must be a rate",
      'from="*.example.com"': 'from must contain addresses or networks, not "*.example.com"',
      'from=""': "from must contain addresses or networks",
      'from="10.0.0.1/8"': "from must contain addresses or networks",
      'constructor="x"': 'the option "constructor" is unknown',
      '__proto__="x"': "an option is not readable",
    };
    for (const [options, reason] of Object.entries(reasons)) {
      assert(reasonOf(`${options} ${LINE}`).includes(reason), `${options}: ${reasonOf(`${options} ${LINE}`)}`);
    }
  });

  it("does not use a line with another key type, a damaged key, or too many characters", () => {
    assert(reasonOf(`ssh-rsa ${KEY.blob.toBase64()}`).includes("its type is ssh-rsa"));
    assert(reasonOf(`root="/a" sk-ssh-ed25519@openssh.com AAAA`).includes("its type is sk-ssh-ed25519@openssh.com"));
    assert(reasonOf(`cert-authority ${LINE}`).includes("unknown"));
    assert(reasonOf("ssh-ed25519 AAAA").includes("too short"));
    assert(reasonOf("garbage").includes("unknown"));
    assert(reasonOf("\0\x1b").includes("not readable"));
    assert(reasonOf(`${LINE}${"x".repeat(8192)}`).includes("longer than 8192"));
    assert(reasonOf('root="/a"').includes("form TYPE BASE64 COMMENT"));
  });

  it("still has the valid lines beside invalid ones", () => {
    const { keys, invalid } = parseAuthorizedKeys(`x ${LINE}\n${LINE}\ny ${LINE}`);
    assertEquals([keys.map(({ line }) => line), invalid.map(({ line }) => line)], [[2], [1, 3]]);
  });

  it("gives the first line of a key that allows the address", () => {
    const file = parseAuthorizedKeys([
      `from="10.0.0.0/8,!10.0.0.1",root="ten" ${LINE}`,
      `from="2001:db8::/32",root="six" ${LINE}`,
      `from="!192.0.2.1" ${LINE}`,
    ].join("\n"));
    const rootOf = (address: string) => findAuthorizedKey(file, KEY.blob, address)?.options.root;
    assertEquals(rootOf("10.1.2.3"), "ten");
    assertEquals(rootOf("::ffff:10.1.2.3"), "ten");
    assertEquals(rootOf("2001:db8::5"), "six");
    for (const address of ["10.0.0.1", "192.0.2.1", "192.0.2.2", "", "host"]) {
      assertEquals(findAuthorizedKey(file, KEY.blob, address), undefined, address);
    }
    const open = parseAuthorizedKeys(LINE);
    assert(findAuthorizedKey(open, KEY.blob, "192.0.2.1"));
    assertEquals(findAuthorizedKey(open, OTHER.blob, "192.0.2.1"), undefined);
    assertEquals(findAuthorizedKey(open, KEY.blob.subarray(1), "192.0.2.1"), undefined);
  });

  it("is refused if others can write to it", { ignore: Deno.build.os === "windows" }, async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/authorized_keys`;
    const file = new AuthorizedKeysFile(path, () => {});
    assertEquals(file.read(), { keys: [], invalid: [] });
    await Deno.writeTextFile(path, LINE);
    assertEquals(file.read().keys.length, 1);
    await Deno.chmod(path, 0o664);
    assertThrows(() => file.read(), UserError, "other users may write to it");
  });

  it("is read again at each use, and reports an invalid line once per change", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/authorized_keys`;
    const reported: number[] = [];
    const file = new AuthorizedKeysFile(path, ({ line }) => reported.push(line));
    await Deno.writeTextFile(path, `${LINE}\nx ${LINE}\n`);
    for (let times = 0; times < 3; times++) assertEquals(file.read().keys.length, 1);
    assertEquals(reported, [2]);
    await Deno.writeTextFile(path, `x ${LINE}\n`);
    assertEquals(file.read().keys, []);
    assertEquals(reported, [2, 1]);
    await Deno.remove(path);
    assertEquals(file.read(), { keys: [], invalid: [] });
  });
});

describe("the restrictions of a key", () => {
  it("narrow those of the server", () => {
    const server = { root: "/srv", allow: ["push"] as const, bytesPerSecond: 1000 };
    assertEquals(restrict(server, {}), server);
    assertEquals(restrict(server, { allow: ["push", "pull"] }).allow, ["push"]);
    assertEquals(restrict(server, { allow: ["pull"] }).allow, []);
    assertEquals(restrict({ root: "/srv" }, { allow: ["pull"] }).allow, ["pull"]);
    assertEquals(restrict(server, { bytesPerSecond: 2000 }).bytesPerSecond, 1000);
    assertEquals(restrict(server, { bytesPerSecond: 10 }).bytesPerSecond, 10);
    assertEquals(restrict({ root: "/srv" }, { bytesPerSecond: 10 }).bytesPerSecond, 10);
    assertEquals(restrict({ root: "/srv" }, {}), { root: "/srv", allow: undefined, bytesPerSecond: undefined });
  });
});
