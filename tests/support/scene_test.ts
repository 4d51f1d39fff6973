import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { describe, it } from "@std/testing/bdd";
import type { Variant } from "./scene.ts";

const CONFIG = fromFileUrl(new URL("../../deno.json", import.meta.url));
const SCENE = new URL("./scene.ts", import.meta.url).href;
const PRINT = `import { rotatingVariants, VARIANTS } from ${JSON.stringify(SCENE)};
  console.log(JSON.stringify([VARIANTS, ...[0, 1, 2, 3].map(rotatingVariants)]));`;

/** Returns the variants in an environment: `VARIANTS` and those of four indexes, as "direction engine". */
async function variantsWith(added: Record<string, string>): Promise<string[][]> {
  const env = Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("ESCP_"));
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--no-check", "--config", CONFIG, PRINT],
    env: { ...Object.fromEntries(env), ...added },
    clearEnv: true,
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  const lists: Variant[][] = JSON.parse(new TextDecoder().decode(stdout));
  return lists.map((list) => list.map(({ direction, engine }) => `${direction} ${engine}`));
}

const EVERY = ["push", "pull", "local"].flatMap((direction) => [`${direction} native`, `${direction} portable`]).sort();

describe("variants of copies", { ignore: Deno.build.os !== "linux" }, () => {
  it("are all combinations in the runs from source and of the binary with each engine", async () => {
    const runs = await Promise.all([
      variantsWith({}),
      variantsWith({ ESCP_BINARY: "x", ESCP_ENGINE: "native" }),
      variantsWith({ ESCP_BINARY: "x", ESCP_ENGINE: "portable" }),
    ]);
    for (const index of runs[0].keys()) assertEquals(runs.flatMap((run) => run[index]).sort(), EVERY);
  });

  it("are each direction with one engine from source, and with all of them if requested", async () => {
    const [portable] = await variantsWith({ ESCP_ENGINE: "portable" });
    assertEquals(portable, ["push portable", "pull portable", "local portable"]);
    const [all] = await variantsWith({ ESCP_BINARY: "x", ESCP_TEST_VARIANTS: "all" });
    assertEquals(all.sort(), EVERY);
  });
});
