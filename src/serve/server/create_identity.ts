/** Creates the self-signed certificate of a server: X.509 version 3 with an Ed25519 key (RFC 5280, RFC 8410). */

import { type Identity, SERVER_NAME } from "../certificate.ts";

/** Creates a key and a certificate that does not expire (RFC 5280, 4.1.2.5). */
export async function createIdentity(): Promise<Identity> {
  // Loaded on demand: only the first start of a server needs it. tsyringe, on which x509 depends, needs reflect-metadata.
  // deno-lint-ignore no-import-prefix
  await import("npm:reflect-metadata@0.2.2");
  // deno-lint-ignore no-import-prefix
  const x509 = await import("npm:@peculiar/x509@2.2.0");
  const keys = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${SERVER_NAME}`,
    notBefore: new Date("2025-01-01T00:00:00Z"),
    notAfter: new Date("9999-12-31T23:59:59Z"),
    signingAlgorithm: { name: "Ed25519" },
    keys,
    extensions: [
      // Not a CA: rustls refuses a CA as the certificate of a server.
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: SERVER_NAME }]),
    ],
  });
  return {
    certificate: new Uint8Array(certificate.rawData),
    privateKey: new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey)),
  };
}
