/** Options of `--serve`. */

import { type HostLimits, limitsOf, settingsFor } from "../../config/effective.ts";
import type { Direction } from "../../config/config.ts";
import type { EngineChoice } from "../../crypto/engines.ts";
import { quotePath, UsageError } from "../../errors.ts";
import { isWithin } from "../../files/target/confinement.ts";
import { expandTilde } from "../../files/path/tilde.ts";
import { DEFAULT_PORT } from "../../serve/server_address.ts";
import type { CertifiedFiles } from "../../serve/server/certified_identity.ts";
import type { RawFlags } from "./flags.ts";
import { type OutputOptions, outputOptions } from "./output_options.ts";
import type { Environment, ParsedArguments } from "./parse_arguments.ts";
import { completeFlags } from "./settings.ts";

/** A valid server. */
export interface ServeOptions {
  readonly listen: ListenAddress;
  /** Path as typed. */
  readonly root: string;
  /** Default: both. */
  readonly allow?: readonly Direction[];
  /** Path of the file of public keys. Default: in the configuration directory. */
  readonly authorizedKeys?: string;
  /** Files of a certificate of an authority and its key. */
  readonly certified?: CertifiedFiles;
  /** Whether the server prints a URL, and ends after one session. */
  readonly once: boolean;
  /** Whether data connections must use the server's port. */
  readonly onePort: boolean;
  readonly engine: EngineChoice;
  /** Number of Workers of each session. Default: depends on the cores of this machine. */
  readonly threads?: number;
  /** Maximum rate of each session, in bytes per second. Default: unlimited. */
  readonly bytesPerSecond?: number;
  readonly output: OutputOptions;
}

/** Address at which a server accepts connections. */
export interface ListenAddress {
  /** Undefined: all addresses. */
  readonly host?: string;
  /** 0 to 65535; 0 is any free port. */
  readonly port: number;
}

/** Options that need `--serve`. */
const SERVING = [
  ...["listen", "root", "allow", "authorized-keys", "certificate", "private-key", "once", "one-port"] as const,
];
/** Tasks that exclude `--serve`. */
const TASKS = ["clean", "doctor", "install", "upgrade", "uninstall", "report", "report-from", "json"] as const;

/** Refuses options of a server without `--serve`. @throws {UsageError} */
export function checkServing(flags: RawFlags): void {
  const name = flags.serve ? undefined : SERVING.find((name) => flags[name] !== undefined);
  if (name) throw new UsageError(`Option "--${name}" applies to "--serve" only`);
}

/** @throws {UsageError} */
export function serveOptions(
  { operands, flags: line }: ParsedArguments,
  { env, configs = {} }: Environment,
): ServeOptions {
  if (operands.length > 0) {
    throw new UsageError('Option "--serve" takes no operands', { hint: "Name the directory to serve with --root DIR" });
  }
  const other = TASKS.find((name) => line[name] !== undefined);
  if (other) {
    throw new UsageError(`Options "--serve" and "--${other}" exclude each other`, {
      hint: other === "json" ? "The log has a line for each session; --log FILE writes it to a file" : undefined,
    });
  }
  if (!line.root) {
    throw new UsageError('Option "--serve" needs a directory that confines its sessions', {
      hint: "escp --serve --root DIR",
    });
  }
  if (line.once && line["authorized-keys"] !== undefined) {
    throw new UsageError('Options "--once" and "--authorized-keys" exclude each other: the URL is the permission');
  }
  const certified = certifiedFiles(line);
  const flags = completeFlags(line, { files: settingsFor(configs).options, env, escpOptions: false });
  const limits = limitsOf(configs);
  return {
    listen: parseListen(line.listen),
    root: line.root,
    allow: narrowedLimits(limits, line).allow,
    authorizedKeys: line["authorized-keys"],
    certified,
    once: line.once ?? false,
    onePort: line["one-port"] ?? false,
    engine: flags.engine,
    threads: flags.threads,
    bytesPerSecond: narrowedLimits(limits, line).bytesPerSecond,
    output: outputOptions(line),
  };
}

/**
 * Returns the limits of a host after `--root`, `--allow` and `--limit`, which can only narrow them.
 *
 * @throws {UsageError} if `--root` is outside of the directory of the configuration.
 */
export function narrowedLimits<Limits extends HostLimits>(limits: Limits, { root, allow, limit }: RawFlags): Limits {
  if (root !== undefined && limits.root !== undefined && !isBelow(root, limits.root)) {
    throw new UsageError(`Cannot use "--root": the configuration confines sessions to ${quotePath(limits.root)}`, {
      hint: 'Choose a directory in it, or remove the key "root" from the configuration of this host',
    });
  }
  const allowed = allow === undefined ? undefined : parseAllow(allow);
  const both = limits.allow && allowed ? allowed.filter((direction) => limits.allow!.includes(direction)) : undefined;
  return {
    ...limits,
    root: root ?? limits.root,
    allow: both ?? allowed ?? limits.allow,
    bytesPerSecond: limit && Math.ceil(limit * 1000 / 8),
  };
}

/** Returns whether a directory is the other one or below it, after symbolic links. */
function isBelow(root: string, limit: string): boolean {
  try {
    return isWithin(Deno.realPathSync(root), Deno.realPathSync(expandTilde(limit)));
  } catch {
    return false;
  }
}

/** @throws {UsageError} */
function parseAllow(text: string): Direction[] {
  const words = text.split(",").map((word) => word.trim());
  const isDirection = (word: string): word is Direction => word === "push" || word === "pull";
  if (words.every(isDirection)) return [...new Set(words)];
  throw new UsageError(`Option "--allow" must be push, pull or push,pull, not ${quotePath(text)}`);
}

/** @throws {UsageError} */
function certifiedFiles({ certificate, "private-key": privateKey, once }: RawFlags): CertifiedFiles | undefined {
  if (certificate !== undefined && privateKey !== undefined) {
    if (!once) return { certificate, privateKey };
    throw new UsageError(
      'Options "--once" and "--certificate" exclude each other: the URL names a certificate without an authority',
    );
  }
  if (certificate !== undefined) throw new UsageError('Option "--certificate" needs "--private-key"');
  if (privateKey !== undefined) throw new UsageError('Option "--private-key" needs "--certificate"');
}

/** Parses "PORT", "ADDRESS", "ADDRESS:PORT", "[v6]" or "[v6]:PORT". @throws {UsageError} */
function parseListen(text: string | undefined): ListenAddress {
  if (text === undefined) return { port: DEFAULT_PORT };
  if (/^[0-9]{1,5}$/.test(text) && Number(text) <= 65535) return { port: Number(text) };
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([^:[\]\s/]+))(?::([0-9]{1,5}))?$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? DEFAULT_PORT : Number(digits);
  if (host !== undefined && !/^[0-9]+$/.test(host) && port <= 65535) return { host, port };
  throw new UsageError(`Option "--listen" must be ADDRESS, PORT or ADDRESS:PORT, not ${quotePath(text)}`, {
    hint: "Put an IPv6 address in brackets: [2001:db8::1]:7523",
  });
}
