/** Opens the sending side of a stream: the source, and the code that only some jobs need. */

import type { FileEngine } from "../../files/engine/engine.ts";
import { machineAccounts } from "../../files/stat/accounts.ts";
import type { CodecName } from "../../protocol/codec_names.ts";
import type { Compressor } from "../frames/compressor.ts";
import type { SendRole, StreamJob } from "../run/job.ts";
import { OwnerNames } from "./owner_names.ts";
import { SendStream, type SendStreamOptions } from "./send_stream.ts";

/** Objects that a stream gets from the thread that runs it. */
export interface SenderContext extends Omit<SendStreamOptions, "role" | "source" | "compressor" | "digest" | "owners"> {
  files: FileEngine;
}

/** Returns a stream that is ready to run. @param cleanup closes the resources of the stream. */
export async function openSender(
  context: SenderContext,
  role: SendRole,
  cleanup: DisposableStack,
): Promise<SendStream> {
  const { job, files, host } = context;
  const { roots, preserve, follow, codec, keepsContents, ownerNames, listNames } = role;
  const source = cleanup.adopt(files.sourceReader(roots, { preserve, follow }), (reader) => reader.close());
  const compressor = codec && cleanup.adopt(await createCompressor(codec, job), (each) => each.close());
  const digest = keepsContents ? (await import("../../files/target/content_digest.ts")).digestBytes : undefined;
  const nameOptions = { namesLists: listNames, note: (text: string) => host.note(text) };
  const owners = ownerNames ? new OwnerNames(machineAccounts(), nameOptions) : undefined;
  return new SendStream({ ...context, role, source, compressor, digest, owners });
}

async function createCompressor(codec: CodecName, { cipherEngine }: StreamJob): Promise<Compressor> {
  const [{ createCodec }, { Compressor }] = await Promise.all([
    import("../../compress/codecs.ts"),
    import("../frames/compressor.ts"),
  ]);
  return new Compressor(createCodec(codec, cipherEngine));
}
