/** Client: TLS with a server whose certificate is known. */

import { formatPem, SERVER_NAME } from "../certificate.ts";

/** Variable with the certificate authorities that Deno trusts by default: "mozilla", "system", both, or none. */
const DEFAULT_AUTHORITIES = "DENO_TLS_CA_STORE";

/**
 * Starts TLS in which only one certificate is trusted. `Deno.startTls` adds it to the default authorities, and one of them
 * could sign another certificate for the same name: then a host in the middle could pass on the proof of the client. So there
 * must be no default authorities. Deno reads them once, when a process first uses TLS as a client, before this call returns.
 *
 * @param certificate DER.
 */
export async function startPinnedTls(conn: Deno.TcpConn, certificate: Uint8Array): Promise<Deno.TlsConn> {
  const authorities = Deno.env.get(DEFAULT_AUTHORITIES);
  Deno.env.set(DEFAULT_AUTHORITIES, "");
  try {
    return await Deno.startTls(conn, { hostname: SERVER_NAME, caCerts: [formatPem("CERTIFICATE", certificate)] });
  } finally {
    if (authorities === undefined) Deno.env.delete(DEFAULT_AUTHORITIES);
    else Deno.env.set(DEFAULT_AUTHORITIES, authorities);
  }
}
