import { StartError } from "../errors.ts";

/** A server without ssh is not trusted: it is unknown, or has another certificate than before. */
export class UntrustedServer extends StartError {
  /** Name of the class. */
  override name = "UntrustedServer";
  /** `SHA256:` and the digest of the certificate that the server has now. */
  readonly fingerprint: string;
  /** Fingerprints that are trusted for this server; none if it is unknown. */
  readonly known: readonly string[];

  /** Takes a whole sentence as the message. */
  constructor(
    message: string,
    { fingerprint, known, ...options }: {
      fingerprint: string;
      known: readonly string[];
      hint: string;
      host: string;
    },
  ) {
    super(message, options);
    this.fingerprint = fingerprint;
    this.known = known;
  }
}
