/** Client: TLS with a server whose certificate is known. */

import { UserError } from "../../errors.ts";
import { formatPem, SERVER_NAME } from "../certificate.ts";

/**
 * Variables that name certificate authorities, with the value that names none. Without a value, Deno trusts those of
 * Mozilla.
 */
const AUTHORITIES = { DENO_TLS_CA_STORE: "", DENO_CERT: undefined, NODE_EXTRA_CA_CERTS: undefined };

/** Number of calls that have the variables changed. */
let changing = 0;
/** Values of the variables before the first of these calls. */
let before: Record<string, string | undefined> = {};

/** Settings of TLS. */
export interface PinnedTlsOptions {
  /**
   * Whether the environment must not be changed, because this process is a program that uses the library. Its variables must
   * have been checked with `checkAuthorities`. Default: false.
   */
  readonly keepsEnvironment?: boolean;
}

/**
 * Starts TLS in which only one certificate is trusted. `Deno.startTls` adds it to the default authorities, and one of them
 * could sign another certificate for the same name: then a host in the middle could pass on the proof of the client. So there
 * must be no default authorities. Deno reads them once, when a process first uses TLS as a client, before this call returns.
 * See `checkAuthorities` for a process in which Deno has read them before.
 *
 * @param certificate DER.
 */
export async function startPinnedTls(
  conn: Deno.TcpConn,
  certificate: Uint8Array,
  { keepsEnvironment = false }: PinnedTlsOptions = {},
): Promise<Deno.TlsConn> {
  const start = () => Deno.startTls(conn, { hostname: SERVER_NAME, caCerts: [formatPem("CERTIFICATE", certificate)] });
  // A request of the program at the same time would never trust any authority.
  return await (keepsEnvironment ? start() : withoutAuthorities(start));
}

/** Starts TLS while no variable names a certificate authority. */
export async function withoutAuthorities<Result>(start: () => Promise<Result>): Promise<Result> {
  const names = Object.keys(AUTHORITIES);
  if (changing++ === 0) {
    before = Object.fromEntries(names.map((name) => [name, Deno.env.get(name)]));
    setVariables(AUTHORITIES);
  }
  try {
    return await start();
  } finally {
    if (--changing === 0) setVariables(before);
  }
}

/** Returns the value of a variable of the environment, also while `withoutAuthorities` has changed it. */
export function variableOf(name: string): string | undefined {
  return changing > 0 && name in before ? before[name] : Deno.env.get(name);
}

/**
 * Refuses variables that name certificate authorities, if Deno has already read them. It does so when it loads modules from
 * source. The authorities of Mozilla, which are the default, sign only public names.
 *
 * @param options.isExecutable Whether this process is a compiled executable, in which `withoutAuthorities` can exclude them.
 * @param options.byName Whether servers are trusted by their names, so that the authorities of Mozilla are refused too.
 * @throws {UserError}
 */
export function checkAuthorities(
  env: (name: string) => string | undefined,
  { isExecutable, byName }: { isExecutable: boolean; byName: boolean },
): void {
  if (isExecutable) return;
  const name = Object.keys(AUTHORITIES).find((name) => {
    const value = env(name)?.trim();
    if (name !== "DENO_TLS_CA_STORE") return value;
    return byName ? value !== "" : value && value !== "mozilla";
  });
  if (name === undefined) return;
  const isDefault = env(name) === undefined;
  throw new UserError(
    isDefault
      ? "Cannot use --ca: Deno trusts the certificate authorities of Mozilla, too"
      : `Cannot connect to a server without ssh: ${name} adds certificate authorities that could forge it`,
    {
      hint: byName && name === "DENO_TLS_CA_STORE"
        ? "Use the compiled executable, or set DENO_TLS_CA_STORE to an empty value"
        : `Unset ${name}, or use the compiled executable, which ignores it`,
    },
  );
}

function setVariables(values: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) Deno.env.delete(name);
    else Deno.env.set(name, value);
  }
}
