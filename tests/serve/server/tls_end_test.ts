import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { TlsEnd } from "../../../src/serve/server/tls_end.ts";
import { createAuthority } from "../../support/hosts/authority.ts";

describe("the TLS end of a server", () => {
  it("that retires finishes the connections that it is accepting, and accepts no more", async () => {
    const authority = await createAuthority();
    const { certificate, privateKey } = await authority.certify({ names: ["localhost"] });
    const end = new TlsEnd({ cert: certificate, key: privateKey });
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const connect = async () => {
      const [client, conn] = await Promise.all([
        Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
        listener.accept(),
      ]);
      return { client, conn };
    };
    const { client, conn } = await connect();
    const accepting = end.accept(conn);
    const retiring = end.retire();
    using secured = await Deno.startTls(client, { hostname: "localhost", caCerts: [authority.pem] });
    const [{ tls, ended }] = await Promise.all([accepting, retiring]);
    const message = new Uint8Array([1, 2, 3]);
    const received = new Uint8Array(3);
    await Promise.all([tls.write(message), secured.read(received)]);
    assertEquals(received, message);
    tls.close();
    await ended;
    const late = await connect();
    using _client = late.client;
    using _conn = late.conn;
    await assertRejects(() => end.accept(late.conn));
  });
});
