// The help pages as text: in every language, for every app and problem; and what strangers type into them does no harm.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeWorld } from "../../../test/support/fake-world.ts";
import type { ServerSettings } from "../../autoconfig/settings.ts";
import { languages } from "../../explain/languages/reader.ts";
import { RecentVisits } from "../../receive/visits.ts";
import { appIds } from "./apps.ts";
import { helpPages, type HelpPorts } from "./help.ts";
import { texts } from "./languages/texts.ts";
import { problems } from "./question.ts";
import { meaningOf } from "./said.ts";

const places = {
  993: { protocol: "imap", security: "tls" },
  995: { protocol: "pop3", security: "tls" },
  465: { protocol: "smtp", security: "tls" },
  587: { protocol: "smtp", security: "starttls" },
} as const;

const place = (port: keyof typeof places, localPart: string): ServerSettings => ({
  ...places[port],
  host: `${places[port].protocol}.example.org`,
  port,
  username: `${localPart}@example.org`,
  logins: ["password"],
});

function setUp(own: Partial<HelpPorts> = {}) {
  const world = fakeWorld();
  const visits = new RecentVisits(world);
  const pages = helpPages({
    world,
    visits,
    domains: ["example.org", "secret-customer.example"],
    settingsFor: ({ localPart }) => ({
      incoming: [place(993, localPart), place(995, localPart)],
      outgoing: [place(465, localPart), place(587, localPart)],
      pages: [],
    }),
    ...own,
  });
  const visit = { address: "192.0.2.7", isSecure: true };
  const request = (path: string, init: RequestInit = {}): Promise<Response> =>
    Promise.resolve(pages.request(`https://example.org${path}`, init, { visit }));
  return { world, visits, request, get: async (path: string): Promise<string> => (await request(path)).text() };
}

const query = (fields: Readonly<Record<string, string>>): string => new URLSearchParams(fields).toString();

/** What would be typed or read aloud. */
const visible = (page: string): string => page.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");

test("each app, problem and language gives the settings, whole and in the right order", async () => {
  const { get } = setUp();
  for (const lang of languages)
    for (const app of appIds)
      for (const problem of problems) {
        const page = await get(`/settings?${query({ lang, app, problem, address: "ann@example.org" })}`);
        const where = `${lang} ${app} ${problem}`;
        assert.match(page, new RegExp(`<html lang="${lang}">`), where);
        assert.equal(page.match(/<h1>/g)?.length, 1, where);
        for (const value of ["imap.example.org", "993", "smtp.example.org", "465", "587", "ann@example.org"])
          assert.ok(page.includes(`<code translate="no">${value}</code>`), `${where}: ${value}`);
        assert.ok(page.includes(texts[lang].causes[problem][0]!), where);
        assert.doesNotMatch(visible(page), /undefined|\[object|\{\w+\}/, where);
        assert.equal(page.includes("/mail.mobileconfig?address=ann%40example.org"), /^(?:ios|apple-mail)$/.test(app));
      }
});

test("a domain alone is enough for the settings; the user name is said in words", async () => {
  const { get } = setUp();
  for (const address of ["example.org", "@example.org", "EXAMPLE.org"]) {
    const page = await get(`/settings?${query({ address, app: "ios" })}`);
    assert.ok(page.includes("your whole mail address"), address);
    assert.ok(page.includes(texts.en.settings.profileAddress));
    assert.doesNotMatch(page, /you@example\.org/);
  }
});

test("an address that is none, or that of others, leads back to the question and says why", async () => {
  const { get } = setUp();
  const cases = [
    ["hello there", /This is not a mail address/],
    ["", /This is not a mail address/],
    ["ann@example.com", /does not handle mail for example\.com.*Help for example\.org is here/],
  ] as const;
  for (const [address, said] of cases) {
    const page = await get(`/settings?${query({ address })}`);
    assert.match(visible(page), said);
    assert.match(page, /aria-invalid="true"/);
    assert.doesNotMatch(page, /secret-customer/);
  }
});

test("what is typed is shown as text, never as part of the page", async () => {
  const { get } = setUp();
  const hostile = `"><script>alert(1)</script>'&lt;{domain}`;
  const fields = { lang: hostile, problem: hostile, app: hostile, said: hostile, since: hostile };
  for (const address of [hostile, `ann@example.org`, `"<b>"@example.org`, `x@<img/src=x>.example.org`])
    for (const path of ["/", "/settings", "/test"]) {
      const page = await get(`${path}?${query({ ...fields, address })}`);
      assert.doesNotMatch(page, /<script>|<img|<b>/, `${path} ${address}`);
      assert.equal(page.match(/<script/g)?.length, 1);
    }
});

test("the answers may load nothing from elsewhere, and set no cookie", async () => {
  const { request } = setUp();
  for (const path of [
    "/",
    "/settings?address=ann@example.org",
    "/test?address=ann@example.org",
    "/help.css",
    "/help.js",
  ]) {
    const answer = await request(path);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-security-policy") ?? "", /^default-src 'none'.*form-action 'self'/);
    assert.equal(answer.headers.get("set-cookie"), null);
    assert.doesNotMatch(await answer.text(), /(?:src|href|action|url\()="?(?:https?:)?\/\//);
  }
});

test("the language is the one that is asked for, else the one that the browser prefers", async () => {
  const { request } = setUp();
  const cases = [
    ["/", "ja;q=0.3, fr-CA", "fr"],
    ["/?lang=es", "de", "es"],
    ["/?lang=xx", "de-AT, en", "de"],
    ["/", "pt-BR", "en"],
  ] as const;
  for (const [path, accepted, lang] of cases) {
    const answer = await request(path, { headers: { "accept-language": accepted } });
    assert.match(await answer.text(), new RegExp(`<html lang="${lang}">`), `${path} ${accepted}`);
  }
});

test("messages of apps are understood", () => {
  const cases = [
    ["Cannot Get Mail. The user name or password for “imap.example.org” is incorrect.", "login"],
    ["Cannot Get Mail\nThe connection to the server failed.", "no-connection"],
    ["Cannot Verify Server Identity", "certificate"],
    ["Task 'ann - Receiving' reported error (0x800CCC0E)", "no-connection"],
    ["0x800CCC0D", "name"],
    ["0x800ccc92", "login"],
    ["0x800CCC1A", "encryption"],
    ["0x800CCC78", "smtp-login"],
    ["Account not verified", "setup"],
    ["Unable to log in at server. Probably wrong configuration, username or password.", "login"],
    ["Couldn’t open connection to server", "no-connection"],
    ["Der Benutzername oder das Passwort ist falsch.", "login"],
    ["Le nom d'utilisateur ou le mot de passe", "login"],
    ["No se puede obtener el correo", "no-connection"],
    ["メールを受信できません", "no-connection"],
    ["The server does not support the selected encryption type", "encryption"],
    ["blue", undefined],
  ] as const;
  for (const [said, meaning] of cases) assert.equal(meaningOf(said, "en")?.meaning, meaning, said);
  assert.equal(meaningOf("  \n ", "en"), undefined);
});

test("the words of a server are explained in the reader's language", () => {
  const said = meaningOf("The mail server responded: 552 5.2.2 mailbox full. Please check the message.", "de");
  assert.equal(said?.explained?.cause, "mailbox-full");
  assert.match(said.explained.summary, /Postfach/);
});

test("the incoming server is looked at once a minute, however often the page is loaded", async () => {
  const looked: string[] = [];
  const { get, world } = setUp({
    look: async ({ host }) => {
      looked.push(host);
      return "no-answer";
    },
  });
  const path = `/test?${query({ address: "ann@example.org" })}`;
  for (let i = 0; i < 5; i += 1)
    assert.match(visible(await get(path)), /imap\.example\.org, port 993: does not answer/);
  assert.equal(looked.length, 1);
  await world.advance(60_000);
  await get(path);
  assert.deepEqual(looked, ["imap.example.org", "imap.example.org"]);
});

test("who shares the network and has not pressed start sees nothing of those who have", async () => {
  const { request, get, visits, world } = setUp();
  const body = new URLSearchParams({ address: "ann@example.org", lang: "en" });
  const started = await request("/test", { method: "POST", body });
  const own = new URL(started.headers.get("location")!, "https://example.org");
  visits.seen({ at: world.now(), client: { address: "192.0.2.7", port: 1 }, happening: { kind: "early-tls" } });
  const page = await get(own.pathname.replace("/help", "") + own.search);
  assert.match(page, /120 seconds left/);
  assert.match(page, /class="connection"/);
  const since = own.searchParams.get("since")!;
  const [at] = since.split(".");
  const elsewhere = visits.ticketFor("198.51.100.1");
  for (const forged of ["", "0", "9e15", "NaN", at!, `${at}.`, `0.${since.split(".")[1]}`, elsewhere]) {
    const page = await get(`/test?${query({ address: "ann@example.org", lang: "en", since: forged })}`);
    assert.doesNotMatch(page, /seconds left|class="connection"/, forged);
  }
});

test("a form that is none is no fault of ours", async () => {
  const { request } = setUp();
  const headers = { "content-type": "multipart/form-data" };
  assert.equal((await request("/test", { method: "POST", headers, body: "--x" })).status, 303);
});

test("with many servers, none is looked at more often", async () => {
  const looked: string[] = [];
  const { get } = setUp({
    domains: Array.from({ length: 50 }, (_, i) => `d${i}.example`),
    settingsFor: ({ domain }) => ({ incoming: [{ ...place(993, "a"), host: domain }], outgoing: [], pages: [] }),
    look: async ({ host }) => {
      looked.push(host);
      return "answers";
    },
  });
  for (let i = 0; i < 100; i += 1) await get(`/test?${query({ address: `a@d${i % 50}.example` })}`);
  assert.equal(looked.length, 20);
});

test("when too many tests are running, that is said", async () => {
  const { request } = setUp({
    visits: {
      watch: () => "busy",
      of: () => undefined,
      isName: () => false,
      ticketFor: () => "",
      startOf: () => undefined,
    },
  });
  const post = async (address: string): Promise<string> =>
    (await request("/test", { method: "POST", body: new URLSearchParams({ address, lang: "en" }) })).text();
  assert.match(visible(await post("ann@example.org")), /Too many tests are running/);
  // what was typed is not lost on the way back
  assert.match(await post("ann@example.com"), /value="ann@example\.com"/);
});
