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
  if (keepsEnvironment) return await start();
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

/**
 * Refuses variables that name certificate authorities, if Deno has already read them. It does so when it loads modules from
 * source. The authorities of Mozilla are allowed: they sign only public names.
 *
 * @param isExecutable Whether this process is a compiled executable, in which `startPinnedTls` can exclude authorities.
 * @throws {UserError}
 */
export function checkAuthorities(env: (name: string) => string | undefined, isExecutable: boolean): void {
  if (isExecutable) return;
  const name = Object.keys(AUTHORITIES).find((name) => {
    const value = env(name) ?? "";
    return value.trim() !== "" && !(name === "DENO_TLS_CA_STORE" && value.trim() === "mozilla");
  });
  if (name === undefined) return;
  throw new UserError(
    `Cannot connect to a server without ssh: ${name} adds certificate authorities that could forge it`,
    {
      hint: `Unset ${name}, or use the compiled executable, which ignores it`,
    },
  );
}

function setVariables(values: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) Deno.env.delete(name);
    else Deno.env.set(name, value);
  }
}
