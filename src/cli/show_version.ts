/** The output of `--version`. */

import { CIPHER_NAMES } from "../crypto/cipher.ts";
import { availableCodecs, createCodec } from "../compress/codecs.ts";
import { loadCipherEngine } from "../crypto/engines.ts";
import { loadFileEngine } from "../files/load_engine.ts";
import { VERSIONS } from "../protocol/control/hello.ts";
import { versionText } from "./version.ts";

/** Returns the text of `--version`; with `verbose` also facts about this machine. */
export async function showVersion(verbose: boolean): Promise<string> {
  return verbose ? versionText({ verbose, facts: await facts() }) : versionText({ verbose });
}

async function facts(): Promise<[string, string][]> {
  const cipher = loadCipherEngine("auto");
  const files = await loadFileEngine("auto");
  const library = [cipher.engine.library, cipher.engine.libraryPath].filter((part) => part !== undefined).join(", ");
  const notes = [cipher.note, files.note].filter((note) => note !== undefined);
  return [
    ["protocol", VERSIONS.join(", ")],
    ["cipher engine", `${cipher.engine.name} (${library})`],
    ["file engine", files.engine.name],
    ["compression", codecs(cipher.engine.name)],
    ["ciphers", CIPHER_NAMES.join(", ")],
    ["runtime", `Deno ${Deno.version.deno}, ${Deno.build.target}, ${navigator.hardwareConcurrency} cores`],
    ...notes.map((note): [string, string] => ["note", note]),
  ];
}

/** Returns the codecs of an engine: `zstd (libzstd 1.5.4), deflate (zlib)`. */
function codecs(engine: "native" | "portable"): string {
  return availableCodecs(engine).map((name) => {
    const codec = createCodec(name, engine);
    codec.close();
    return `${name} (${codec.library})`;
  }).join(", ");
}
