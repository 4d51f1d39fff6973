/** Certificate authorities that sign certificates of servers. */

import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { formatPem } from "../../../src/serve/certificate.ts";

/** Algorithms of keys. */
const KEYS = {
  ed25519: { name: "Ed25519" },
  p256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  rsa: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 },
};

/** Settings of a certificate. */
export interface CertificateOptions {
  /** Names of the server: addresses, or names of DNS. */
  names?: readonly string[];
  /** Algorithm of the key. Default: p256. */
  key?: keyof typeof KEYS;
  /** Default: yesterday. */
  notBefore?: Date;
  /** Default: in 30 days. */
  notAfter?: Date;
  /** Common name. Default: none that a server has. */
  commonName?: string;
}

/** A certificate of a server and its private key, in PEM. */
export interface Certified {
  /** With the certificates between it and the authority. */
  certificate: string;
  privateKey: string;
}

/** A certificate authority. */
export interface Authority {
  /** Its own certificate, in PEM. */
  readonly pem: string;
  /** Signs a certificate of a server. */
  certify(options: CertificateOptions): Promise<Certified>;
  /** Returns an authority that this one has signed. Servers send its certificate with their own. */
  delegate(): Promise<Authority>;
}

const DAY_MS = 86_400_000;
const daysFromNow = (days: number) => new Date(Date.now() + days * DAY_MS);

/** Returns a new authority. */
export async function createAuthority(name = "Test authority"): Promise<Authority> {
  const algorithm = KEYS.p256;
  const keys = await generateKeys("p256");
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    notBefore: daysFromNow(-1),
    notAfter: daysFromNow(30),
    keys,
    signingAlgorithm: algorithm,
    extensions: extensionsOfAuthority(),
  });
  return authorityOf(certificate, keys, "");
}

/** Returns a certificate that its own key has signed, as curl --cacert accepts it. */
export async function certifyItself({ names = [], key = "p256" }: CertificateOptions): Promise<Certified> {
  const keys = await generateKeys(key);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=itself",
    notBefore: daysFromNow(-1),
    notAfter: daysFromNow(30),
    keys,
    signingAlgorithm: KEYS[key],
    extensions: extensionsOfServer(names),
  });
  return { certificate: pemOf(certificate), privateKey: await pemOfKey(keys) };
}

/** Writes a certificate and its key. @returns arguments of `escp --serve` that name them. */
export async function writeCertified(directory: string, { certificate, privateKey }: Certified): Promise<string[]> {
  const [chain, key] = [`${directory}/server.pem`, `${directory}/server.key`];
  await Deno.writeTextFile(chain, certificate);
  await Deno.writeTextFile(key, privateKey, { mode: 0o600 });
  return ["--certificate", chain, "--private-key", key];
}

function authorityOf(own: x509.X509Certificate, keys: CryptoKeyPair, chain: string): Authority {
  const sign = (subject: string, options: CertificateOptions, publicKey: CryptoKey, extensions: x509.Extension[]) =>
    x509.X509CertificateGenerator.create({
      subject,
      issuer: own.subject,
      notBefore: options.notBefore ?? daysFromNow(-1),
      notAfter: options.notAfter ?? daysFromNow(30),
      publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: KEYS.p256,
      extensions,
    });
  return {
    pem: pemOf(own),
    async certify(options) {
      const { names = [], key = "p256", commonName = "server" } = options;
      const pair = await generateKeys(key);
      const certificate = await sign(`CN=${commonName}`, options, pair.publicKey, extensionsOfServer(names));
      return { certificate: pemOf(certificate) + chain, privateKey: await pemOfKey(pair) };
    },
    async delegate() {
      const pair = await generateKeys("p256");
      const certificate = await sign("CN=Intermediate", {}, pair.publicKey, extensionsOfAuthority());
      return authorityOf(certificate, pair, pemOf(certificate) + chain);
    },
  };
}

function extensionsOfAuthority(): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
  ];
}

function extensionsOfServer(names: readonly string[]): x509.Extension[] {
  const alternatives = names.map((value): x509.JsonGeneralName => {
    return { type: /^[0-9.]+$|:/.test(value) ? "ip" : "dns", value };
  });
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    ...(alternatives.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
  ];
}

async function generateKeys(key: keyof typeof KEYS): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(KEYS[key], true, ["sign", "verify"]) as CryptoKeyPair;
}

function pemOf(certificate: x509.X509Certificate): string {
  return formatPem("CERTIFICATE", new Uint8Array(certificate.rawData));
}

async function pemOfKey({ privateKey }: CryptoKeyPair): Promise<string> {
  return formatPem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey)));
}
