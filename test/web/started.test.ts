// The whole server with its web server: it is there when mail is taken, and gone with it.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { freePort } from "../support/free-port.ts";
import { runServer } from "../support/running-server.ts";
import { ask } from "../support/web-request.ts";
import { mailApps, ourDomains, startWeb } from "./web-lab.ts";

const isListening = async (port: number): Promise<boolean> => {
  const socket = connect(port, "127.0.0.1");
  const isThere = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isThere;
};

test("a server with [web] answers mail apps, with a certificate of its own where it has no other, and ends", async () => {
  const [port, plain] = [await freePort(), await freePort()];
  const web = { listen: [`127.0.0.1:${port}`], http_listen: [`127.0.0.1:${plain}`] };
  {
    await using _server = await runServer({ domain: ourDomains, mail_apps: mailApps, web });
    const path = "/mail/config-v1.1.xml?emailaddress=ann@shop.example";
    const host = "autoconfig.shop.example";
    const secured = await ask({ port, host, path, authority: "", isNameless: true });
    assert.deepEqual([secured.status, secured.names], [200, "DNS:waybill.test"]);
    assert.match(secured.body, /<hostname>imap\.shop\.example<\/hostname>/);
    const clear = await ask({ port: plain, host, path });
    assert.deepEqual([clear.status, clear.body], [200, secured.body]);
    const start = await ask({ port, host, path: "/", authority: "", isNameless: true });
    assert.deepEqual([start.status, start.headers.location], [302, "/help"]);
    const help = await ask({ port, host, path: "/help", authority: "", isNameless: true });
    assert.deepEqual([help.status, help.headers["content-type"]], [200, "text/html; charset=UTF-8"]);
    const sent = await ask({ port: plain, host, path: "/autodiscover/autodiscover.xml" });
    assert.equal(sent.headers.location, `https://${host}:${port}/autodiscover/autodiscover.xml`);
  }
  assert.deepEqual([await isListening(port), await isListening(plain)], [false, false]);
});

test("a server whose web port is taken does not start, and leaves nothing open", async () => {
  await using other = await startWeb();
  const smtp = await freePort();
  const listen = [{ address: `127.0.0.1:${smtp}` }];
  const starting = runServer({ listen, web: { listen: [`127.0.0.1:${other.ports[0]}`] } });
  await assert.rejects(starting, /the web server cannot listen on 127\.0\.0\.1:\d+: another program listens there/);
  assert.equal(await isListening(smtp), false);
});
