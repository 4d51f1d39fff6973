import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { knownHostNames, namesInKnownHosts } from "../../src/ssh/known_names.ts";
import { makeFifo } from "../support/files/fifo.ts";
import { createTempTree } from "../support/files/temp_tree.ts";

describe("namesInKnownHosts", () => {
  it("returns names and addresses, without patterns, markers and hashed names", () => {
    const text = [
      "web,192.0.2.1 ssh-ed25519 AAAA",
      "[box]:2222,[2001:db8::1]:22 ssh-ed25519 AAAA comment",
      "::1 ssh-rsa AAAA\r",
      "# comment",
      "",
      "*.lab,!x.lab,real.lab ssh-rsa AAAA",
      "@cert-authority *.example,ca.example ssh-rsa AAAA",
      "@revoked bad ssh-rsa AAAA",
      "|1|abc=|def= ssh-rsa AAAA",
      "$(id),-oProxyCommand=x,a;b,\x1b[31m,a\u202eb,`id` ssh-rsa AAAA",
    ].join("\n");
    assertEquals(namesInKnownHosts(text), ["web", "192.0.2.1", "box", "[2001:db8::1]", "[::1]", "real.lab"]);
  });
});

describe("knownHostNames", () => {
  it("reads the files of user and system, and the files that they include", async () => {
    await using tree = await createTempTree({
      "home/.ssh/config": 'Include conf.d/* "~/more hosts"\nHOST = a b # c\nHost "quoted" !not *\n',
      "home/.ssh/conf.d/one": "Host one\nInclude two\n",
      "home/.ssh/two": "Host two\nInclude two\nInclude config\n",
      "home/more hosts": "  host\tmore\n",
      "home/.ssh/known_hosts": "known ssh-rsa A\n",
      "system/ssh_config": "Include ssh_config.d/*.conf\n",
      "system/ssh_config.d/x.conf": "Host system\n",
      "system/ssh_config.d/x.old": "Host old\n",
      "system/ssh_known_hosts": "everywhere ssh-rsa A\n",
    });
    const names = await knownHostNames({ home: `${tree.path}/home`, system: `${tree.path}/system` });
    assertEquals(names, ["a", "b", "everywhere", "known", "more", "one", "quoted", "system", "two"]);
  });

  it("reads only the file of -F, and the known_hosts files that it names", async () => {
    await using tree = await createTempTree({
      "home/.ssh/config": "Host usual\n",
      "home/.ssh/known_hosts": "known ssh-rsa A\n",
      "home/k": "other ssh-rsa A\n",
      "given": "Host given\nUserKnownHostsFile ~/k /dev/null\n",
    });
    const options = { home: `${tree.path}/home`, system: `${tree.path}/system`, configFile: `${tree.path}/given` };
    assertEquals(await knownHostNames(options), ["given", "other"]);
    const none = { ...options, options: ["UserKnownHostsFile=none"] };
    assertEquals(await knownHostNames(none), ["given"]);
  });

  it("ignores files that are missing or never end", async () => {
    await using tree = await createTempTree({ "home/.ssh/config": "Include pipe /dev/zero nowhere/*\nHost a\n" });
    makeFifo(`${tree.path}/home/.ssh/pipe`);
    assertEquals(await knownHostNames({ home: `${tree.path}/home`, system: `${tree.path}/system` }), ["a"]);
  });
});
