/** `--serve`: serves sessions without ssh until a signal, or with --once one session. */

import { configDirectory } from "../../config/files.ts";
import { messageOf, quotePath, UserError } from "../../errors.ts";
import { codeOf, reasonOf } from "../../files/stat/file_failure.ts";
import { joinPath } from "../../files/path/local_path.ts";
import { ownUser } from "../../files/target/directory_access.ts";
import { checkPrivatePlaces } from "../../files/target/private_places.ts";
import { writeStderr } from "../../log/write_all.ts";
import { ONE_TIME_SECRET_BYTES } from "../../protocol/serve/proof.ts";
import { formatOneTimeUrl } from "../../serve/escps_operand.ts";
import { formatFingerprint, hashCertificate } from "../../serve/fingerprint.ts";
import { loadIdentity } from "../../serve/server/identity_file.ts";
import type { CertifiedIdentity } from "../../serve/server/certified_identity.ts";
import { AuthorizedKeysFile } from "../../serve/server/authorized_keys.ts";
import { keyLogin } from "../../serve/server/key_login.ts";
import { checkOutside } from "../../serve/server/key_root.ts";
import { LoginGate } from "../../serve/server/login_gate.ts";
import { SessionGate } from "../../serve/server/session_gate.ts";
import { onceLogin } from "../../serve/server/once_login.ts";
import type { Restrictions } from "../../serve/server/restrictions.ts";
import { type Ends, plainAddress, Server } from "../../serve/server/server.ts";
import { formatAddress } from "../../serve/server_address.ts";
import { withIpv4 } from "../../session/connect/data_port.ts";
import { hostAddresses } from "../../session/connect/host_addresses.ts";
import { type CopyLog, openCopyLog } from "../copy_log.ts";
import { EXIT_STATUS } from "../exit_status.ts";
import type { ListenAddress, ServeOptions } from "../options/serve_options.ts";
import { stopSignals } from "../stop_signals.ts";
import type { RemoteGrant } from "./remote_grant.ts";
import { SpareRemote } from "./spare_remote.ts";

/** Writes a line of the log. @param session Short id of its session; empty if it has none. */
type WriteLog = (level: "info" | "warn", text: string, session?: string) => void;

/** Serves sessions. @returns 0 after a signal and the running sessions, or after the session of --once. @throws {UserError} */
export async function runServe(options: ServeOptions): Promise<number> {
  const { onePort, once, output } = options;
  const restrictions = {
    root: resolveRoot(options.root),
    allow: options.allow,
    bytesPerSecond: options.bytesPerSecond,
  };
  const directory = configDirectory((name) => Deno.env.get(name), Deno.build.os === "windows");
  if (directory === undefined) throw new UserError("Cannot serve sessions: HOME is not set");
  const identity = await loadIdentity(joinPath(directory, "server_identity"));
  const certificateHash = await hashCertificate(identity.certificate);
  const certified = await readCertifiedFiles(options);
  const file = options.authorizedKeys ?? joinPath(directory, "authorized_keys");
  const protectedFiles = [
    ...(once ? [] : [{ name: "the file of authorized keys", path: file }]),
    ...(output.log === undefined ? [] : [{ name: "the log file", path: output.log }]),
    ...(options.certified ? [{ name: "the private key", path: options.certified.privateKey }] : []),
    ...(options.certified ? [{ name: "the certificate", path: options.certified.certificate }] : []),
  ];
  for (const each of protectedFiles) checkOutside(restrictions.root, each.path, each.name);
  const shown = { ...output, quiet: false, verbose: output.quiet ? 0 : output.verbose + 1 };
  using logFile = openCopyLog({ ...shown, noFifo: true }, (line) => writeStderr(line + "\n"));
  const { log } = logFile;
  const secret = crypto.getRandomValues(new Uint8Array(ONE_TIME_SECRET_BYTES));
  const write: WriteLog = (level, text, session = "") => {
    log.session = session;
    log[level](text);
  };
  const keys = new AuthorizedKeysFile(file, ({ line, reason }) => {
    write("warn", `line ${line} of ${file} is not used: ${reason}`);
  });
  if (!once && keys.read().keys.length === 0) write("warn", noKeys(file));
  const listeners = listen(options.listen);
  const { port } = listeners[0].addr;
  using spare = new SpareRemote({ engine: options.engine, isRepeated: !once });
  const server = new Server({
    listeners,
    identity,
    certified,
    gate: new LoginGate(),
    sessionGate: new SessionGate(),
    authenticate: once ? onceLogin(secret, restrictions) : keyLogin({ file: keys, protectedFiles, restrictions }),
    onePort,
    once,
    startRemote: (granted, ends) => spare.start(remoteGrant(options, granted, ends)),
    log: write,
  });
  const reload = async () => {
    reopenLog(logFile, write);
    await renewCertificate(server, write, options);
    logKeys(keys, write);
  };
  // In a terminal SIGHUP means that the terminal has ended.
  const isDaemon = !once && [Deno.stdin, Deno.stdout, Deno.stderr].every((each) => !each.isTerminal());
  using stop = stopSignals({ mayContinue: true, onHangUp: isDaemon ? serially(reload) : undefined });
  stop.signal.addEventListener("abort", () => {
    const count = server.sessions;
    const running = count === 0 ? "" : ` after ${count} running ${count === 1 ? "session" : "sessions"}`;
    write("info", `ending${running}; a second signal ends at once`);
    server.end();
    spare[Symbol.dispose]();
  });
  const address = { host: namedHost(options.listen.host), port };
  const where = formatAddress(address);
  write("info", `serving ${restrictions.root} at ${where}, certificate ${formatFingerprint(certificateHash)}`);
  if (certified) logCertified(write, certified);
  if (once) {
    const { writeStdout } = await import("../stdout.ts");
    writeStdout(formatOneTimeUrl(address, { certificateHash, secret }) + "\n");
  }
  await server.run();
  return EXIT_STATUS.ok;
}

/** Reads the certificate of an authority; undefined if there is none. @throws {UserError} */
async function readCertifiedFiles({ certified }: ServeOptions): Promise<CertifiedIdentity | undefined> {
  if (!certified) return undefined;
  const { readCertified } = await import("../../serve/server/certified_identity.ts");
  return await readCertified(certified);
}

/** Reads the certificate again. Keeps the former one if the new one cannot be used. */
async function renewCertificate(server: Server, write: WriteLog, options: ServeOptions): Promise<void> {
  try {
    const certified = await readCertifiedFiles(options);
    if (!certified) return;
    if (certified.validUntil.getTime() <= Date.now()) {
      return write(
        "warn",
        `the new certificate was valid until ${dayOf(certified.validUntil)}; the former one stays in use`,
      );
    }
    server.renew(certified);
    write("info", "the certificate and its key were read again");
    logCertified(write, certified);
  } catch (error) {
    // Also a lack of descriptors must not end the server.
    write("warn", `${messageOf(error)}; the former certificate stays in use`);
  }
}

function reopenLog(logFile: CopyLog, write: WriteLog): void {
  try {
    logFile.reopen();
  } catch (error) {
    write("warn", `${messageOf(error)}; the former file stays in use`);
  }
}

/** Logs the number of keys in the file, which is read at each login anyway. */
function logKeys(keys: AuthorizedKeysFile, write: WriteLog): void {
  try {
    const count = keys.read().keys.length;
    if (count > 0) write("info", `${keys.path} has ${count} key${count === 1 ? "" : "s"}`);
    else write("warn", noKeys(keys.path));
  } catch (error) {
    write("warn", `${messageOf(error)}; every client will be refused`);
  }
}

function noKeys(path: string): string {
  return `${path} has no keys: every client will be refused until you add one`;
}

/** Returns a function that runs an action after its last run. Calls before the start of the next run are one run. */
function serially(action: () => Promise<void>): () => void {
  let last = Promise.resolve();
  let isPending = false;
  return () => {
    if (isPending) return;
    isPending = true;
    last = last.then(() => {
      isPending = false;
      return action();
    });
  };
}

function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

function logCertified(write: WriteLog, { validUntil }: CertifiedIdentity): void {
  const until = dayOf(validUntil);
  if (validUntil.getTime() > Date.now()) {
    write("info", `clients with --ca are served; the certificate is valid until ${until}`);
  } else write("warn", `clients with --ca will refuse the certificate: it was valid until ${until}`);
}

/** Returns the path of the directory without symbolic links. @throws {UserError} if sessions cannot be confined to it. */
function resolveRoot(path: string): string {
  let root: string;
  try {
    root = Deno.realPathSync(path);
    if (!Deno.statSync(root).isDirectory) throw new UserError(`Cannot serve ${quotePath(path)}: it is not a directory`);
  } catch (cause) {
    if (codeOf(cause) === undefined) throw cause;
    throw new UserError(`Cannot serve ${quotePath(path)}: ${reasonOf(cause)}`, { cause });
  }
  checkPrivatePlaces(root, ownUser(), (name) => Deno.env.get(name));
  return root;
}

/** @throws {UserError} */
function listen({ host, port }: ListenAddress): Deno.TcpListener[] {
  try {
    return withIpv4(Deno.listen({ hostname: host ?? "::", port }));
  } catch (cause) {
    // A system without IPv6.
    if (host === undefined && !(cause instanceof Deno.errors.AddrInUse)) return listen({ host: "0.0.0.0", port });
    const where = host === undefined ? `port ${port}` : formatAddress({ host, port });
    throw new UserError(`Cannot listen at ${where}: ${messageOf(cause)}`, {
      cause,
      hint: "Choose another address or port with --listen",
    });
  }
}

/** Returns an address of this machine that clients may use: the one at which it listens, or another one if it is all addresses. */
function namedHost(host: string | undefined): string {
  const isAll = host === undefined || host === "0.0.0.0" || /^[0:]+$/.test(host);
  return isAll ? hostAddresses(undefined)[0] ?? "localhost" : host;
}

/** Returns the arguments of the remote end of a session. */
function remoteGrant(
  { engine, threads, listen, onePort, output: { verbose } }: ServeOptions,
  { root, allow, bytesPerSecond }: Restrictions,
  { client, server }: Ends,
): RemoteGrant {
  const args = [
    "--receiver",
    "--served",
    `--engine=${engine}`,
    ...(threads === undefined ? [] : [`--threads=${threads}`]),
    `--root=${root}`,
    ...(allow ? [`--allow=${allow.join(",")}`] : []),
    ...(bytesPerSecond ? [`--limit=${Math.max(1, Math.floor(bytesPerSecond * 8 / 1000))}`] : []),
    ...(onePort ? ["--one-port"] : []),
    // A server with an address of its own opens no port at other addresses.
    ...(listen.host === undefined ? [] : [`--listen=${plainAddress(server.hostname)}`]),
    ...Array.from({ length: verbose }, () => "--verbose"),
  ];
  const ends = [client, server].map(({ hostname, port }) => `${plainAddress(hostname)} ${port}`);
  return { args, connection: ends.join(" ") };
}
