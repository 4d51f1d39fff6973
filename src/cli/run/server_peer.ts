/** Connections to `escp --serve` in place of ssh: trust in the server, and the keys of the user. */

import { equals } from "../../bytes.ts";
import { configDirectory } from "../../config/files.ts";
import { quotePath, StartError, UserError } from "../../errors.ts";
import { joinPath } from "../../files/path/local_path.ts";
import { equalsInConstantTime, isSecretProof, keyProofData, secretProof } from "../../protocol/serve/proof.ts";
import type { OneTimeKey } from "../../serve/escps_operand.ts";
import { formatFingerprint } from "../../serve/fingerprint.ts";
import { agentPath, agentSigners } from "../../serve/keys/agent.ts";
import type { KeySigner } from "../../serve/keys/key_signer.ts";
import { readPrivateKey } from "../../serve/keys/private_key.ts";
import { fingerprintOf } from "../../serve/keys/public_key.ts";
import { addKnownServer, changedServer, judgeServer, readKnownServers } from "../../serve/known_servers.ts";
import type { ControlOptions, Prover } from "../../serve/client/open_control.ts";
import { readAuthorities } from "../../serve/client/authorities.ts";
import { checkAuthorities, variableOf } from "../../serve/client/pinned_tls.ts";
import { ServerPeer } from "../../serve/client/peer.ts";
import { DEFAULT_PORT, type ServerAddress } from "../../serve/server_address.ts";
import { UntrustedServer } from "../../serve/untrusted_server.ts";
import type { PeerCommand } from "../../session/model/peer_process.ts";
import { formatHost, type RemoteHost } from "../../ssh/operand.ts";
import { canAsk, confirm } from "../ask.ts";
import type { HostAccess } from "../options/host_options.ts";
import type { Program } from "../program.ts";

/** Returns the command that connects to a server. @throws {UserError} if other authorities could forge its certificate. */
export function serverPeer(
  host: RemoteHost,
  access: HostAccess,
  timeoutMs: number,
  { isEscp }: Pick<Program, "isEscp">,
): PeerCommand {
  const name = formatHost(host);
  const server = { host: host.host, port: host.port ?? DEFAULT_PORT };
  const { oneTimeKey } = host.serve ?? {};
  // The certificate that a URL names needs no authority.
  const byName = !oneTimeKey && access.ca !== undefined;
  // A program may have used TLS before, also if it is an executable.
  checkAuthorities(variableOf, { isExecutable: isEscp && Deno.build.standalone, byName });
  const login = oneTimeKey ? oneTimeLogin(name, oneTimeKey) : keyLogin(name, server, host.user, access);
  const startHere = () => new ServerPeer(server, { name, timeoutMs, keepsEnvironment: !isEscp, ...login });
  return { program: "escp", args: [], name, isOneTime: oneTimeKey !== undefined, startHere };
}

type LoginOptions = Pick<ControlOptions, "trust" | "authorities" | "provers">;

/** Hint for a one-time URL that was mistyped, or is that of another server. */
const COPY_URL = "Copy the whole line that escp --serve --once has printed, and put it in quotes";

function oneTimeLogin(name: string, { certificateHash, secret }: OneTimeKey): LoginOptions {
  return {
    trust(hash) {
      if (equalsInConstantTime(hash, certificateHash)) return Promise.resolve(undefined);
      throw new StartError(`Cannot trust ${name}: its certificate is not that of the URL`, {
        hint: `${COPY_URL}; if this fails too, another server may answer in its place`,
      });
    },
    provers: () =>
      Promise.resolve([{
        name: "the key of the URL",
        hint: `${COPY_URL}; the wrong key has not used it up`,
        prove: async (binding) => {
          return { type: "once", nonce: binding.clientNonce, mac: await secretProof("client", secret, binding) };
        },
        checkServer: async (mac, binding) => mac !== undefined && await isSecretProof("server", mac, secret, binding),
      }]),
  };
}

function keyLogin(name: string, server: ServerAddress, user: string | undefined, access: HostAccess): LoginOptions {
  return {
    trust: (hash, signal) => trustServer(name, server, formatFingerprint(hash), access, signal),
    authorities: access.ca === undefined ? undefined : readAuthorities(access.ca),
    provers: async () => {
      const signers = await findKeys(access.ssh.identities);
      return await Promise.all(signers.map((signer) => keyProver(signer, user)));
    },
  };
}

/** Decides whether to trust a server. @returns as `ControlOptions.trust`. @throws {UserError} if not. */
async function trustServer(
  name: string,
  server: ServerAddress,
  fingerprint: string,
  { acceptNew, ssh }: HostAccess,
  signal: AbortSignal,
): Promise<(() => Promise<void>) | undefined> {
  const file = joinPath(userDirectory(), "known_servers");
  const trust = judgeServer(readKnownServers(file), server, fingerprint);
  if (trust.state === "known") return undefined;
  if (trust.state === "changed") throw changedServer(file, server, fingerprint, trust.servers);
  const asks = !acceptNew && canAsk(ssh);
  const question = `The server ${name} is unknown. Its certificate is ${fingerprint}. Trust it?`;
  if (!acceptNew && !(asks && await confirm(question, signal, { emptyIs: false }))) {
    throw new UntrustedServer(`Cannot trust ${name}: it is unknown, and its certificate is ${fingerprint}`, {
      hint: "Compare it with the fingerprint that escp --serve has printed, then use --accept-new once",
      host: name,
      fingerprint,
      known: [],
    });
  }
  return () => addKnownServer(file, server, fingerprint);
}

/**
 * Returns the keys to try: those of -i, or else those of ssh-agent and ~/.ssh/id_ed25519.
 *
 * @throws {UserError} if a named key, or the agent, cannot be used.
 */
async function findKeys(identities: readonly string[]): Promise<KeySigner[]> {
  const keys: KeySigner[] = [];
  for (const path of identities) {
    const key = await readPrivateKey(path);
    if (!key) throw new UserError(`Cannot read the key ${quotePath(path)}: No such file or directory`);
    keys.push(key);
  }
  if (identities.length > 0) return keys;
  const agent = agentPath((name) => Deno.env.get(name));
  let agentError: unknown;
  const ofAgent = agent === undefined ? [] : await agentSigners(agent).catch((error) => {
    // On Windows the agent of OpenSSH has a fixed name, also if it does not run.
    const isAbsent = Deno.build.os === "windows" && error.cause instanceof Deno.errors.NotFound;
    if (!isAbsent) agentError = error;
    return [];
  });
  keys.push(...ofAgent);
  const home = Deno.env.get(Deno.build.os === "windows" ? "USERPROFILE" : "HOME");
  const path = home && joinPath(joinPath(home, ".ssh"), "id_ed25519");
  // A key with a passphrase is usable if the agent has it.
  const key = path && await readPrivateKey(path).catch((error) => {
    if (keys.length === 0) throw error;
    return undefined;
  });
  const isNew = key && !keys.some(({ publicKey }) => equals(publicKey.blob, key.publicKey.blob));
  if (isNew) keys.push(key);
  if (keys.length === 0 && agentError !== undefined) throw agentError;
  return keys;
}

async function keyProver({ publicKey, sign }: KeySigner, name: string | undefined): Promise<Prover> {
  return {
    name: `key ${await fingerprintOf(publicKey)}`,
    prove: async (binding) => {
      const signature = await sign(await keyProofData(binding, publicKey.blob));
      return { type: "key", nonce: binding.clientNonce, key: publicKey.blob, signature, name };
    },
  };
}

/** @throws {UserError} without a home directory. */
function userDirectory(): string {
  const directory = configDirectory((name) => Deno.env.get(name), Deno.build.os === "windows");
  if (directory === undefined) throw new UserError("Cannot find the file of known servers: HOME is not set");
  return directory;
}
