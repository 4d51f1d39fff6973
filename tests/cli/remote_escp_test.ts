import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { completeFlags } from "../../src/cli/options/settings.ts";
import { hostOptions } from "../../src/cli/options/host_options.ts";
import { withRemoteEscp } from "../../src/cli/remote_escp.ts";
import { ESCP } from "../../src/cli/program.ts";
import { VERSION } from "../../src/cli/version.ts";
import { StartError } from "../../src/errors.ts";
import { UnusableEscp } from "../../src/session/model/start_errors.ts";
import { createTempTree } from "../support/files/temp_tree.ts";

describe("the hint about a host without escp", () => {
  /** Returns the hint of a transfer that finds no escp and may not install it. */
  async function hintWith(flags: { binaries: string; "remote-path"?: string }): Promise<string | undefined> {
    const complete = completeFlags({ bootstrap: "never", ...flags }, {
      files: {},
      env: () => undefined,
      escpOptions: false,
    });
    const run = () => Promise.reject(new UnusableEscp("Cannot start escp on far", { hint: "Check it", host: "far" }));
    const listeners = { emit: () => {}, signal: new AbortController().signal, program: ESCP };
    const transfer = { remote: { host: "far", path: "" }, direction: "push" } as const;
    const error = await assertRejects(
      () => withRemoteEscp(transfer, hostOptions(complete), listeners, run),
      StartError,
    );
    assertEquals([error.message, error.host], ["Cannot start escp on far", "far"]);
    return error.hint;
  }

  it("names --install if this machine has an executable", async () => {
    await using tree = await createTempTree({ [`with/escp-${VERSION}-linux-x86_64`]: "program" });
    assertEquals(
      await hintWith({ binaries: `${tree.path}/with` }),
      "Check it. Or install escp with: escp --install far",
    );
    assertEquals(await hintWith({ binaries: `${tree.path}/without` }), "Check it");
  });

  it("does not name --install if the user has named the path of escp", async () => {
    await using tree = await createTempTree({ [`escp-${VERSION}-linux-x86_64`]: "program" });
    assertEquals(await hintWith({ binaries: tree.path, "remote-path": "/opt/escp" }), "Check it");
  });
});

describe("a server of escps:// with an incompatible escp", () => {
  it("gets no installation over ssh, and no hint about one", async () => {
    for (const bootstrap of ["auto", "always", "never"] as const) {
      await using tree = await createTempTree({ [`escp-${VERSION}-linux-x86_64`]: "program" });
      const complete = completeFlags({ bootstrap, binaries: tree.path }, {
        files: {},
        env: () => undefined,
        escpOptions: false,
      });
      let runs = 0;
      const run = () => {
        runs++;
        return Promise.reject(new UnusableEscp("Cannot use escp", { hint: "Check it", host: "escps://far" }));
      };
      const listeners = { emit: () => {}, signal: new AbortController().signal, program: ESCP };
      const transfer = { remote: { host: "far", port: 7523, serve: {} }, direction: "push" } as const;
      const error = await assertRejects(
        () => withRemoteEscp(transfer, hostOptions(complete), listeners, run),
        UnusableEscp,
      );
      assertEquals([error.message, error.hint, runs], ["Cannot use escp", "Check it", 1], bootstrap);
    }
  });
});
