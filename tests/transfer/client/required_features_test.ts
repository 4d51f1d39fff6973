import { assert, assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FEATURES } from "../../../src/protocol/control/hello.ts";
import type { CopyJob } from "../../../src/protocol/control/job.ts";
import {
  type DemandingCopy,
  missingFeatures,
  requiredFeatures,
} from "../../../src/transfer/client/required_features.ts";

const PLAIN = { compress: false, sparse: false };
const ALL = { ...PLAIN, compress: true, sparse: true };

const PUSH = { direction: "push", target: "there" } as CopyJob;
const PULL = { direction: "pull", sources: ["there"] } as CopyJob;
const SOURCES = [{ path: "here", literal: false }];
const OWN_TARGETS = [{ path: "here", literal: true, target: "there" }];

function needed(copy: Partial<DemandingCopy>): string[] {
  return requiredFeatures({ job: PUSH, sources: SOURCES, ...copy }).map(({ feature }) => feature);
}

describe("requiredFeatures", () => {
  it("is empty for a plain copy", () => {
    assertEquals([needed({}), needed({ job: PULL })], [[], []]);
  });

  it("contains the features of the given options", () => {
    const cases: [Partial<DemandingCopy>, string][] = [
      [{ job: { ...PUSH, log: "/tmp/log" } }, "remote-log"],
      [{ job: { ...PULL, update: "times" } }, "update"],
      [{ job: { ...PUSH, dryRun: true } }, "update"],
      [{ job: { ...PUSH, fsync: true } }, "fsync"],
      [{ job: { ...PUSH, inplace: true } }, "inplace"],
      [{ job: { ...PUSH, mkpath: true } }, "mkpath"],
      [{ job: { ...PUSH, deletes: true } }, "delete"],
      [{ job: { ...PULL, deletes: true } }, "delete"],
      [{ job: { ...PUSH, exact: true } }, "exact"],
      [{ job: { ...PUSH, dirlinks: true } }, "dirlinks"],
      [{ job: { ...PUSH, skipExisting: true } }, "existing"],
      [{ job: { ...PULL, onlyExisting: true } }, "existing"],
      [{ job: { ...PULL, select: { maxSize: 1 } } }, "select"],
      [{ job: { ...PUSH, linkDests: ["../old"] } }, "link-dest"],
      [{ job: { ...PUSH, backup: { suffix: "~" } } }, "backup"],
      [{ job: { ...PULL, verify: true } }, "verify"],
      [{ job: { ...PUSH, xattrs: true } }, "xattrs"],
      [{ job: { ...PULL, acls: true } }, "xattrs"],
      [{ job: { ...PULL, more: true } as CopyJob }, "lists"],
      [{ sources: OWN_TARGETS }, "lists"],
      [{ job: { ...PULL, listed: "flat" } }, "listed"],
      [{ job: { ...PULL, relative: "deep" } }, "relative"],
      [{ job: { ...PULL, chmod: [] } }, "chmod"],
      [{ job: { ...PULL, dummy: "both" } }, "dummy"],
      [{ job: { ...PULL, congestion: "bbr" } }, "congestion"],
      [{ reach: { reverse: {}, tunnel: "auto" } }, "reverse"],
      [{ manifest: true }, "manifest"],
    ];
    for (const [copy, feature] of cases) {
      assertEquals(needed(copy), [feature], JSON.stringify(copy));
      assert(FEATURES.includes(feature), feature);
    }
  });

  it("omits features that only the other direction needs", () => {
    assertEquals(
      needed({ job: { ...PULL, fsync: true, inplace: true, mkpath: true, exact: true, dirlinks: true } }),
      [],
    );
    assertEquals(needed({ job: { ...PULL, backup: { suffix: "~" }, linkDests: [""] } }), []);
    assertEquals(
      needed({ job: { ...PUSH, congestion: "bbr", select: { maxSize: 1 }, listed: "deep", relative: "flat" } }),
      [],
    );
    assertEquals(needed({ job: PULL, sources: OWN_TARGETS, manifest: true }), []);
    assertEquals(needed({ reach: { reverse: {}, tunnel: "always" } }), []);
  });

  it("has messages that name the host and the option", () => {
    for (const need of requiredFeatures({ job: { ...PUSH, dummy: "both", verify: true }, sources: OWN_TARGETS })) {
      assertMatch(need.unsupportedMessage("far", "escp 9"), /^Cannot .*\bfar\b/);
    }
  });
});

describe("missingFeatures", () => {
  it("is empty if no feature is missing", () => {
    assertEquals([missingFeatures(PLAIN, [], "host"), missingFeatures(ALL, FEATURES, "host")], [[], []]);
  });

  it("contains a note per option that an older peer ignores", () => {
    for (const option of ["compress", "sparse"] as const) {
      const [message, ...more] = missingFeatures({ ...PLAIN, [option]: true }, [], "host");
      assertMatch(message, new RegExp(`host .*${option}`));
      assertEquals(more, []);
    }
    assertEquals(missingFeatures(ALL, ["sparse"], "host").length, 1);
  });
});
