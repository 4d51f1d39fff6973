/** Client: the connection to a server in place of a process, so that a session uses it like the pipes of ssh. */

import { Condition } from "../../async/condition.ts";
import { closeQuietly } from "../../net/close.ts";
import { writeAll } from "../../net/pass.ts";
import type { Accepted } from "../../protocol/serve/login_messages.ts";
import type { ServerAddress } from "../server_address.ts";
import { type ControlOptions, type OpenControl, openControl } from "./open_control.ts";

/** Route of data connections to the port of a server. */
export interface ServerRoute extends ServerAddress, Pick<Accepted, "route" | "onePort"> {}

/** Exit status for a connection that was lost, as that of ssh. */
const LOST = 255;

/** A connection to a server, with the parts of a child process that a session uses. */
export class ServerPeer implements Pick<Deno.ChildProcess, "stdin" | "stdout" | "stderr" | "status" | "kill"> {
  readonly stdin: WritableStream<Uint8Array<ArrayBufferLike>>;
  readonly stdout: Deno.ChildProcess["stdout"];
  readonly stderr: Deno.ChildProcess["stderr"];
  /** Resolves when the connection has ended: 0, or 255 if it was lost or never opened. */
  readonly status: Promise<Deno.CommandStatus>;
  readonly #server: ServerAddress;
  readonly #opening: Promise<OpenControl>;
  readonly #abort = new AbortController();
  readonly #status = Promise.withResolvers<Deno.CommandStatus>();
  readonly #waiting = new Condition();
  #accepted: Accepted | undefined;

  /** Begins to connect. */
  constructor(server: ServerAddress, options: Omit<ControlOptions, "signal">) {
    this.#server = server;
    this.status = this.#status.promise;
    const onWaiting = () => this.#waiting.notifyAll();
    this.#opening = openControl(server, { ...options, signal: this.#abort.signal, onWaiting });
    this.#opening.then(({ accepted }) => this.#accepted = accepted, () => this.#end(LOST));
    this.stdin = new WritableStream({
      write: async (bytes) => await writeAll((await this.#opening).conn, bytes),
      close: async () => await (await this.#opening).conn.closeWrite(),
    });
    this.stdout = this.#output() as Deno.ChildProcess["stdout"];
    this.stderr = ReadableStream.from<Uint8Array>([]) as Deno.ChildProcess["stderr"];
  }

  /** Route of data connections to the server's port; undefined before the login. */
  get route(): ServerRoute | undefined {
    return this.#accepted && { ...this.#server, route: this.#accepted.route, onePort: this.#accepted.onePort };
  }

  /**
   * Resolves when the login has to wait for the server next, or has ended. Code that is loaded then delays nothing. Loaded
   * earlier, it delays the next message to the server.
   */
  async turnOfServer(): Promise<void> {
    await Promise.race([this.#waiting.wait(), this.#opening.catch(() => {})]);
  }

  /** Closes the connection. */
  kill(): void {
    this.#abort.abort(new Deno.errors.Interrupted("the connection was closed"));
    this.#opening.then(({ conn }) => closeQuietly(conn), () => {});
    this.#end(LOST);
  }

  /** @throws the error of the login when the stream is read. */
  #output(): ReadableStream<Uint8Array> {
    let hasRest = true;
    let isReading = false;
    let isCancelled = false;
    const read = async (): Promise<Uint8Array | undefined> => {
      const { conn, rest } = await this.#opening;
      if (hasRest && rest.length > 0) {
        hasRest = false;
        return rest;
      }
      const bytes = new Uint8Array(64 << 10);
      const count = await conn.read(bytes).catch(() => undefined);
      if (count) return bytes.subarray(0, count);
      closeQuietly(conn);
      this.#end(count === null ? 0 : LOST);
    };
    // A server ends the connection after the remote end has exited.
    const drain = async () => {
      while (await read());
    };
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        isReading = true;
        const bytes = await read();
        isReading = false;
        if (isCancelled) return bytes && void drain();
        if (bytes) controller.enqueue(bytes);
        else controller.close();
      },
      cancel() {
        isCancelled = true;
        if (!isReading) drain().catch(() => {});
      },
    }, { highWaterMark: 0 });
  }

  #end(code: number): void {
    this.#status.resolve({ success: code === 0, code, signal: null });
  }
}
