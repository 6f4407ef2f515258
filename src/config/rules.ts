// What settings say of one another: pairs that belong together, doubles, loops. Each rule reads the sections it needs,
// so that a mistake in one section does not hide those in others.
import { isIPv4 } from "node:net";
import { splitPort } from "./names.ts";
import { show } from "./show.ts";
import type { Fault } from "./problem.ts";
import type { Config } from "./schema.ts";
import type { Path } from "./settings.ts";
import { formatDuration } from "./units.ts";

/** The sections that are in order by themselves. */
export type Sections = Readonly<Partial<Config>>;

/** Faults of the rules; `isSet` tells what stands in the file from what is a default. */
export const ruleFaults = (sections: Sections, isSet: (path: Path) => boolean): Fault[] =>
  [
    certificateHasKey,
    relayIsNotOpen,
    listenersDiffer,
    passwordsAreEncrypted,
    domainsDiffer,
    dnsListsDiffer,
    credentialsAreWhole,
    routesAreReached,
    noLoopToOurselves,
    noticeComesInTime,
    databaseIsNamed,
    signingDomainsDiffer,
    srsSecretIsShared,
    returnsAreOurs,
    returnSecretIsShared,
    returnsAreRemembered,
    retriesComeInTime,
    oauthIsWhole,
    milderComesFirst,
    hourFitsInDay,
    appsCanSend,
    webListenersDiffer,
    webIsEncrypted,
    policyIsServed,
  ].flatMap((rule) => rule(sections, isSet));

function certificateHasKey({ tls = {} }: Sections): Fault[] {
  const { certificate, key } = tls;
  if ((certificate === undefined) === (key === undefined)) return [];
  const [there, missing] = key === undefined ? ["certificate", "key"] : ["key", "certificate"];
  const allowed = `Set ${missing}, too; or neither, for a self-signed certificate.`;
  return [{ path: ["tls", there], what: `${there} is set without ${missing}`, allowed }];
}

/** RFC 5321 §7.1, RFC 2505 §2.1: who relays for everyone is soon used by all who send spam. */
function relayIsNotOpen({ relay }: Sections): Fault[] {
  return (["networks", "xclient_networks", "proxy_networks"] as const).flatMap((key) =>
    (relay?.[key] ?? []).flatMap((network, i) => {
      const what = `${show(network)} is the whole internet, and would make this server an open relay`;
      const allowed = 'Write only the networks of your own machines, such as "192.0.2.0/24".';
      return /\/0+$/.test(network) ? [{ path: ["relay", key, i], what, allowed }] : [];
    }),
  );
}

type Listener = Config["listen"][number]["address"];

/** The wildcard takes the port of each address; "::" takes IPv4's, too. */
const collide = (a: Listener, b: Listener): boolean =>
  a.port === b.port &&
  a.port !== 0 &&
  (a.host === b.host ||
    [a.host, b.host].includes("::") ||
    ([a.host, b.host].includes("0.0.0.0") && isIPv4(a.host) && isIPv4(b.host)));

const listenersDiffer = ({ listen = [] }: Sections): Fault[] =>
  listen.flatMap(({ address }, i) => {
    const first = listen.findIndex((other) => collide(other.address, address));
    if (first === i || first < 0) return [];
    const what = `port ${address.port} of this address is taken by listen[${first}]`;
    return [{ path: ["listen", i, "address"], what, allowed: "Delete one of the two, or choose another port." }];
  });

const domainsDiffer = ({ domain = [] }: Sections): Fault[] =>
  domain.flatMap(({ name }, i) => {
    const first = domain.findIndex((other) => other.name === name);
    if (first === i) return [];
    const what = `${show(name)} is there twice: domain[${first}] has this name, too`;
    return [{ path: ["domain", i, "name"], what, allowed: "Put the settings of both into one section." }];
  });

const dnsListsDiffer = ({ dns_list = [] }: Sections): Fault[] =>
  dns_list.flatMap(({ name, of }, i) => {
    const first = dns_list.findIndex((other) => other.name === name && other.of === of);
    if (first === i) return [];
    const what = `${show(name)} is there twice, and would count twice: dns_list[${first}] has this name, too`;
    return [{ path: ["dns_list", i, "name"], what, allowed: "Put the settings of both into one section." }];
  });

const credentialsAreWhole = ({ route = [] }: Sections): Fault[] =>
  route.flatMap(({ username, password, password_file, tls, implicit_tls }, i) => {
    const faults: Fault[] = [];
    const add = (key: string, what: string, allowed: string): number =>
      faults.push({ path: ["route", i, key], what, allowed });
    const secret = password === undefined ? "password_file" : "password";
    if (password !== undefined && password_file !== undefined)
      add("password", "password and password_file are both set", "Delete one of the two.");
    if (username !== undefined && password === undefined && password_file === undefined)
      add("username", "username is set without a password", "Set password_file (or password), or delete username.");
    if (username === undefined && (password !== undefined || password_file !== undefined))
      add(secret, `${secret} is set without username`, `Set username, or delete ${secret}.`);
    if (implicit_tls && tls === "never")
      add("tls", '"never" contradicts implicit_tls = true', 'Write "require" or "verify", or delete implicit_tls.');
    return faults;
  });

const routesAreReached = ({ route = [] }: Sections): Fault[] =>
  route.flatMap(({ to, from }, i) => {
    const first = route
      .slice(0, i)
      .findIndex((other) => [to, undefined].includes(other.to) && [from, undefined].includes(other.from));
    if (first < 0) return [];
    const what = `this route is never taken: route[${first}] fits the same mail, and comes first`;
    return [{ path: ["route", i], what, allowed: `Put it above route[${first}], or delete it.` }];
  });

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || host.startsWith("127.");

/** RFC 8314 §3. Within the machine nobody listens; what does TLS in front of us may stand there. */
const passwordsAreEncrypted = ({ listen = [] }: Sections): Fault[] =>
  listen.flatMap((listener, i) => {
    if (listener.for !== "submission" || listener.tls !== "none" || isLoopback(listener.address.host)) return [];
    const what = '"none" would let mail apps send their passwords in clear text';
    const allowed =
      'Write "starttls" (port 587) or "implicit" (port 465). Only on 127.0.0.1 or [::1] may it be "none".';
    return [{ path: ["listen", i, "tls"], what, allowed }];
  });

/** Mail for this host and port comes back to us. */
const isOurs = (listen: readonly { address: Listener }[], host: string, port: number): boolean =>
  listen.some(
    ({ address }) =>
      address.port === port &&
      (address.host === host ||
        (isLoopback(host) && (/^(?:::|0\.0\.0\.0)$/.test(address.host) || isLoopback(address.host)))),
  );

function noLoopToOurselves({ listen = [], route = [], domain = [] }: Sections): Fault[] {
  const ways: { path: Path; host: string; port: number }[] = [
    ...route.map(({ host, port }, i) => ({ path: ["route", i, "host"], host, port })),
    ...domain.flatMap(({ deliver }, i) => {
      const place = deliver.startsWith("lmtp:") ? splitPort(deliver.slice("lmtp:".length)) : undefined;
      return place === undefined ? [] : [{ path: ["domain", i, "deliver"], ...place }];
    }),
  ];
  return ways
    .filter(({ host, port }) => isOurs(listen, host, port))
    .map(({ path, host, port }) => ({
      path,
      what: `${host} port ${port} is this server itself: mail would go round in circles`,
      allowed: "Write the host and port of the next server.",
    }));
}

/** Whoever only gives up sooner needs no notice, and is not told of its default. */
function noticeComesInTime({ retry }: Sections, isSet: (path: Path) => boolean): Fault[] {
  if (retry === undefined || retry.delay_notice_after < retry.give_up_after) return [];
  if (!isSet(["retry", "delay_notice_after"])) return [];
  const giveUp = formatDuration(retry.give_up_after);
  return [
    {
      path: ["retry", "delay_notice_after"],
      what: `${formatDuration(retry.delay_notice_after)} is not before give_up_after (${giveUp})`,
      allowed: `Write less than "${giveUp}", or "0s" for no notice.`,
    },
  ];
}

/** Whoever is not well thought of waits for four times the delay. */
function retriesComeInTime({ greylist }: Sections, isSet: (path: Path) => boolean): Fault[] {
  if (greylist === undefined || 4 * greylist.delay < greylist.retry_within) return [];
  const [delay, within] = [formatDuration(greylist.delay), formatDuration(greylist.retry_within)];
  const what = `with a delay of ${delay}, nobody could come again in time: retry_within is ${within}`;
  const key = isSet(["greylist", "delay"]) ? "delay" : "retry_within";
  return [{ path: ["greylist", key], what, allowed: "Let retry_within be more than four times the delay." }];
}

/** What is refused already is neither slowed nor marked. Whoever only refuses sooner is not told of a default. */
function milderComesFirst({ abuse, reputation, dns_score }: Sections, isSet: (path: Path) => boolean): Fault[] {
  const faults: Fault[] = [];
  const add = (path: Path, what: string, allowed: string): unknown =>
    isSet(path) && faults.push({ path, what, allowed });
  if (abuse !== undefined && abuse.refuse_at > 0 && abuse.slow_at > abuse.refuse_at)
    add(
      ["abuse", "slow_at"],
      `nobody would be slowed: ${abuse.slow_at} is above refuse_at (${abuse.refuse_at})`,
      `Write ${abuse.refuse_at} or less, or 0 to slow nobody.`,
    );
  if (reputation !== undefined && reputation.mark_below < reputation.refuse_below)
    add(
      ["reputation", "mark_below"],
      `nothing would be marked: ${reputation.mark_below} is below refuse_below (${reputation.refuse_below})`,
      `Write ${reputation.refuse_below} or more.`,
    );
  if (dns_score !== undefined && dns_score.refuse_at > 0 && dns_score.mark_at > dns_score.refuse_at)
    add(
      ["dns_score", "mark_at"],
      `nothing would be marked: ${dns_score.mark_at} is above refuse_at (${dns_score.refuse_at})`,
      `Write ${dns_score.refuse_at} or less, or 0 to mark nothing.`,
    );
  return faults;
}

/** Whoever only allows less in a day is not told of the hour's default. */
function hourFitsInDay({ submission }: Sections, isSet: (path: Path) => boolean): Fault[] {
  const path = ["submission", "recipients_per_hour"];
  if (submission === undefined || !isSet(path)) return [];
  const { recipients_per_hour: hour, recipients_per_day: day } = submission;
  const what = `nobody could send to ${hour} in an hour: recipients_per_day is ${day}`;
  return hour > day ? [{ path, what, allowed: `Write ${day} or less, or a larger recipients_per_day.` }] : [];
}

/** Apps set up an account for both ways, or none. And they are sent to us with what we take for a login. */
function appsCanSend({ mail_apps: apps, listen, oauth }: Sections): Fault[] {
  if (apps === undefined || apps.smtp !== undefined) return [];
  const faults: Fault[] = [];
  const reading = (["imap", "pop3"] as const).find((key) => apps[key] !== undefined);
  const canSend = listen?.some((listener) => listener.for === "submission" && listener.tls !== "none") ?? true;
  if (reading !== undefined && !canSend)
    faults.push({
      path: ["mail_apps", reading],
      what: "mail apps would be told where to read mail, but not where to send it: no listener is for submission with TLS",
      allowed:
        'Add a [[listen]] with address = "*:465", tls = "implicit" and for = "submission", or name the server in smtp.',
      example: 'smtp = ["mail.example.org:465"]',
    });
  const oauthAt = apps.login.indexOf("oauth2");
  if (oauthAt >= 0 && oauth !== undefined && oauth.jwks_url === undefined && oauth.introspection_url === undefined)
    faults.push({
      path: ["mail_apps", "login", oauthAt],
      what: "mail apps would log in with tokens, and none is taken here",
      allowed: 'Set jwks_url or introspection_url in [oauth], or write login = ["password"].',
    });
  return faults;
}

const webListenersDiffer = ({ listen = [], web }: Sections): Fault[] =>
  (["listen", "http_listen"] as const).flatMap((key, k) =>
    (web?.[key] ?? []).flatMap((address, i): Fault[] => {
      const others = [
        ...listen.map((other, j) => ({ address: other.address, name: `listen[${j}]` })),
        ...(k === 0 ? [] : (web?.listen ?? [])).map((address, j) => ({ address, name: `web.listen[${j}]` })),
        ...(web?.[key] ?? []).slice(0, i).map((address, j) => ({ address, name: `web.${key}[${j}]` })),
      ];
      const taken = others.find((other) => collide(other.address, address));
      if (taken === undefined) return [];
      const what = `port ${address.port} of this address is taken by ${taken.name}`;
      return [{ path: ["web", key, i], what, allowed: "Delete one of the two, or choose another port." }];
    }),
  );

/** RFC 8461 §3.3 wants HTTPS; and whoever is believed as a proxy can pretend to be anybody. */
function webIsEncrypted({ web }: Sections): Fault[] {
  if (web === undefined) return [];
  const { listen, http_listen, tls, proxy_networks } = web;
  const faults = proxy_networks.flatMap((network, i): Fault[] => {
    const what = `${show(network)} is the whole internet: anybody could claim to be somebody else`;
    const allowed = 'Write only the addresses of your own web servers, such as "127.0.0.1".';
    return /\/0+$/.test(network) ? [{ path: ["web", "proxy_networks", i], what, allowed }] : [];
  });
  const isOpen = listen.some(({ host }) => !isLoopback(host));
  if (tls === "none" && isOpen && proxy_networks.length === 0)
    faults.push({
      path: ["web", "tls"],
      what: '"none" would serve the whole network in clear text',
      allowed:
        'Name the web server that does HTTPS in proxy_networks, or listen on 127.0.0.1 only, or write "implicit".',
    });
  if (http_listen.length > 0 && listen.length === 0)
    faults.push({
      path: ["web", "http_listen"],
      what: "http_listen is set without listen: what is sent on to HTTPS would find nothing there",
      allowed: 'Set listen, too: listen = ["*:443"].',
    });
  return faults;
}

/** Where another server takes a domain's mail as well, a policy that does not name it loses that mail. */
function policyIsServed({ web, mta_sts, domain = [] }: Sections): Fault[] {
  if (web === undefined || mta_sts === undefined) return [];
  const wanting: Path[] = [
    ...(mta_sts.mode === "off" ? [] : [["mta_sts", "mode"]]),
    ...domain.flatMap(({ mta_sts: own = "off" }, i) => (own === "off" ? [] : [["domain", i, "mta_sts"]])),
  ];
  if (web.listen.length === 0)
    return wanting.map((path) => ({
      path,
      what: "nobody could read the policy: the web server is off",
      allowed: 'Set listen = ["*:443"] in [web], or delete this line.',
    }));
  return domain.flatMap(({ mta_sts: own = "off", deliver, name }, i): Fault[] => {
    if (own === "off" || own === "none" || deliver !== "relay" || mta_sts.mx.length > 0) return [];
    const what = `the mail of ${name} goes on to another server, which the policy would not name`;
    return [{ path: ["domain", i, "mta_sts"], what, allowed: "Name all its MX hosts in mx of [mta_sts]." }];
  });
}

function databaseIsNamed({ storage }: Sections): Fault[] {
  if (storage === undefined) return [];
  const { driver, url, url_file } = storage;
  const fault = (key: string, what: string, allowed: string): Fault[] => [{ path: ["storage", key], what, allowed }];
  if (url !== undefined && url_file !== undefined)
    return fault("url", "url and url_file are both set", "Delete one of the two.");
  const isNamed = url !== undefined || url_file !== undefined;
  if (driver === "postgres" && !isNamed)
    return fault("driver", '"postgres" needs to know which database', "Set url, or url_file.");
  const key = url === undefined ? "url_file" : "url";
  if (driver !== "postgres" && isNamed)
    return fault(key, `${key} is of no use to the driver "${driver}"`, `Write driver = "postgres", or delete ${key}.`);
  return [];
}

function oauthIsWhole({ oauth = {} as Config["oauth"] }: Sections): Fault[] {
  const needs = {
    jwks_url: ["issuer", "audience"],
    introspection_url: ["client_id", "client_secret_file"],
  } as const;
  return (["jwks_url", "introspection_url"] as const).flatMap((url) =>
    needs[url]
      .filter((key) => oauth[url] !== undefined && oauth[key] === undefined)
      .map((key) => ({ path: ["oauth", url], what: `${url} is set without ${key}`, allowed: `Set ${key}, too.` })),
  );
}

const signingDomainsDiffer = ({ dkim = [] }: Sections): Fault[] =>
  dkim.flatMap(({ domain }, i) => {
    const first = dkim.findIndex((other) => other.domain === domain);
    if (first === i) return [];
    const what = `${show(domain)} is there twice: dkim[${first}] is for this domain, too`;
    return [{ path: ["dkim", i, "domain"], what, allowed: "Put the settings of both into one section." }];
  });

/** What one Waybill forwarded may be returned to another, which must know the address for one of ours. */
function srsSecretIsShared({ storage, domain = [], forwarding }: Sections): Fault[] {
  if (storage?.driver !== "postgres" || !forwarding?.srs || forwarding.srs_secret_file !== undefined) return [];
  const names = new Set<string>(domain.map(({ name }) => name));
  const isElsewhere = (target: string): boolean =>
    target.includes("@") && !names.has(target.slice(target.lastIndexOf("@") + 1));
  const first = domain.findIndex(({ aliases, catch_all }) =>
    [...Object.values(aliases).flat(), catch_all ?? ""].some(isElsewhere),
  );
  if (first === -1) return [];
  const what =
    "some of its mail is sent on to another domain, and Waybills that share a database need one secret for that";
  const allowed =
    "Set srs_secret_file in [forwarding] to a file with the same text on all of them (openssl rand -base64 32), or srs = false.";
  return [{ path: ["domain", first], what, allowed }];
}

/** What is sent back to another server's domain never comes here. */
const returnsAreOurs = ({ returns, domain }: Sections): Fault[] =>
  domain === undefined
    ? []
    : (returns?.sign ?? []).flatMap((name, i) => {
        const ours = domain.find((one) => one.name === name);
        if (name === "*" || (ours !== undefined && ours.deliver !== "relay")) return [];
        const path = ["returns", "sign", i] as const;
        const what =
          ours === undefined ? "is none of our domains" : 'has deliver = "relay": bounces go to the other server';
        const allowed = `Write the name of a [[domain]] whose mail ends here, or "*" for all of them.`;
        return [{ path, what: `${show(name)} ${what}`, allowed }];
      });

/** Of the Waybills that share a database, one sends a message, and another may get its bounce. */
function returnSecretIsShared({ storage, returns, forwarding }: Sections): Fault[] {
  const isNamed = returns?.secret_file !== undefined || forwarding?.srs_secret_file !== undefined;
  if (storage?.driver !== "postgres" || isNamed || (returns?.sign ?? []).length === 0) return [];
  const what = "return addresses are signed, and Waybills that share a database need one secret for that";
  const allowed = "Set secret_file in [returns] to a file with the same text on all of them (openssl rand -base64 32).";
  return [{ path: ["returns", "sign"], what, allowed }];
}

/** The history knows whose message it was. */
function returnsAreRemembered({ returns, history }: Sections): Fault[] {
  if (returns === undefined || history === undefined || returns.sign.length === 0) return [];
  if (returns.lifetime <= history.keep) return [];
  const what = `lifetime is ${formatDuration(returns.lifetime)}, but the history is kept for ${formatDuration(history.keep)} only`;
  const allowed = "Lower lifetime in [returns], or raise keep in [history].";
  return [{ path: ["returns", "lifetime"], what, allowed }];
}
