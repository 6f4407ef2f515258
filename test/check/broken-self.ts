// Installations that are broken in one way each, with what `check self` has to find: the finding, who can fix it, the change.
import type { WhoActs } from "../../src/explain/explanation.ts";
import type { FindingId } from "../../src/check/finding.ts";
import { type BrokenParts, now, own, running, socket, stored, waiting } from "./self-lab.ts";

export interface BrokenSelf extends BrokenParts {
  /** In words, for docs/checks.md. */
  readonly what: string;
  readonly finds: FindingId;
  readonly who: WhoActs;
  /** In what is to be changed, as people read it. */
  readonly change: RegExp;
  /** Findings that come along, because one thing leads to the other. */
  readonly also?: readonly FindingId[];
}

const dir = "/var/lib/waybill";
const day = 86_400_000;
const listen25 = { address: "*:25" };
const tlsOf = (name: string): BrokenParts => ({
  settings: { tls: { certificate: `/etc/waybill/${name}`, key: `/etc/waybill/${name}` } },
});
const counts = { due: 0, deferred: 0, claimed: 0, held: 0 };
const timeout = {
  kind: "unreachable",
  host: { name: "mx.slow.example", address: "203.0.113.4" },
  problem: "timeout",
  text: "",
} as const;

const settings: readonly BrokenSelf[] = [
  {
    what: "half of the Internet may relay",
    settings: { relay: { networks: ["127.0.0.1", "0.0.0.0/1"] } },
    finds: "config.relay-wide",
    who: "sender-admin",
    change: /set networks in \[relay\] to the networks of your own machines; now it is 0\.0\.0\.0\/1/,
  },
  {
    what: "a provider's whole network may say whom it speaks for",
    settings: { relay: { proxy_networks: ["2001:4800::/24"] } },
    finds: "config.trust-wide",
    who: "sender-admin",
    change: /proxy_networks in \[relay\]/,
  },
  {
    what: "domains, and only this machine can connect",
    settings: { listen: [{ address: "127.0.0.1:25" }] },
    finds: "config.only-here",
    who: "recipient-admin",
    change: /address in \[\[listen\]\] to "\*:25"; now it is 127\.0\.0\.1:25/,
  },
  {
    what: "port 25 open to the world, and no domain",
    settings: { domain: [] },
    keys: [],
    finds: "config.no-domain",
    who: "recipient-admin",
    change: /a section \[\[domain\]\]/,
  },
  {
    what: "port 25 without encryption",
    settings: { listen: [{ ...listen25, tls: "none" }] },
    finds: "config.no-tls",
    who: "recipient-admin",
    change: /set tls of the listener at \[::\]:25 to "starttls"/,
  },
  {
    what: "a port for mail apps, and no accounts",
    accounts: { kind: "absent" },
    finds: "config.no-accounts",
    who: "sender-admin",
    change: /waybill account add/,
  },
  {
    what: "the accounts file is damaged",
    accounts: { kind: "bad", text: "the accounts file /a is wrong: it is not JSON" },
    finds: "accounts.bad",
    who: "sender-admin",
    change: /restore it from a backup/,
  },
  {
    what: "mail is kept in memory",
    settings: { storage: { driver: "memory" } },
    store: { kind: "memory" },
    finds: "config.memory-store",
    who: "sender-admin",
    change: /driver in \[storage\] to "sqlite"/,
  },
  {
    what: "mail is delivered to another port than 25",
    settings: { deliver: { port: 2525 } },
    finds: "config.other-port",
    who: "sender-admin",
    change: /port in \[deliver\] to 25/,
  },
  {
    what: "mail to others is never encrypted",
    settings: { deliver: { tls: "never" } },
    finds: "config.sends-clear",
    who: "sender-admin",
    change: /"opportunistic"; now it is "never"/,
  },
  {
    what: "mail comes back after some hours",
    settings: { retry: { give_up_after: "6h", delay_notice_after: "1h", schedule: ["5m"] } },
    finds: "config.gives-up-early",
    who: "sender-admin",
    change: /give_up_after in \[retry\] to "5d"; now it is "6h"/,
  },
];

const machine: readonly BrokenSelf[] = [
  {
    what: "another program has the port",
    server: { kind: "not-running" },
    sockets: [socket(25, { address: "0.0.0.0", program: "exim4", pid: 99, user: "root" })],
    finds: "port.taken",
    who: "sender-admin",
    change: /Stop exim4 \(process 99\)/,
  },
  {
    what: "another user's program has the port",
    server: { kind: "not-running" },
    sockets: [{ address: "::", port: 465, user: "user 33" }],
    finds: "port.taken",
    who: "sender-admin",
    change: /Stop the program of user 33/,
  },
  {
    what: "another program has the port of the running server",
    sockets: [socket(25, { program: "master", pid: 12 }), socket(465)],
    finds: "port.taken",
    who: "sender-admin",
    change: /Stop master \(process 12\)/,
  },
  {
    what: "the running server does not listen where it should",
    sockets: [socket(25)],
    finds: "port.not-listening",
    who: "sender-admin",
    change: /Restart Waybill, so that it has the settings of now/,
  },
  {
    what: "the user may not have port 25",
    server: { kind: "not-running" },
    sockets: [],
    machine: { lowestPort: async () => 1_024, userId: 106 },
    settings: { listen: [listen25] },
    finds: "port.not-allowed",
    who: "sender-admin",
    change: /CAP_NET_BIND_SERVICE/,
  },
  {
    what: "a listener at another machine's address",
    settings: { listen: [{ address: "203.0.113.7:25" }] },
    finds: "port.not-our-address",
    who: "sender-admin",
    change: /to "\*:25"; now it is "203\.0\.113\.7:25"/,
  },
  {
    what: "the disk is full",
    disk: { freeBytes: 10 * 1_024 ** 2 },
    finds: "disk.full",
    who: "sender-admin",
    change: /Free room on the disk of \/var\/lib\/waybill/,
  },
  {
    what: "the disk is nearly full",
    disk: { freeBytes: 500 * 1_024 ** 2 },
    finds: "disk.tight",
    who: "sender-admin",
    change: /Free room/,
  },
  {
    what: "no more files can be made soon",
    disk: { freeInodes: 900 },
    finds: "disk.few-inodes",
    who: "sender-admin",
    change: /Remove many small files/,
  },
  {
    what: "data_dir is in memory",
    disk: { kind: "memory" },
    finds: "disk.in-memory",
    who: "sender-admin",
    change: /set data_dir to a folder on a disk of this machine/,
  },
  {
    what: "data_dir is on a file server",
    disk: { kind: "network" },
    finds: "disk.on-network",
    who: "sender-admin",
    change: /driver = "postgres" in \[storage\]/,
  },
  {
    what: "the disk is slow",
    machine: { syncs: async () => [20, 45, 50, 60, 900] },
    finds: "disk.slow",
    who: "sender-admin",
    change: /SSD/,
  },
  {
    what: "the disk takes no writes",
    machine: { syncs: async () => "EROFS: read-only file system" },
    finds: "disk.fault",
    who: "sender-admin",
    change: /read-only or broken/,
  },
  {
    what: "data_dir cannot be written to",
    machine: { mayWrite: async () => false },
    finds: "disk.not-writable",
    who: "sender-admin",
    change: /Give \/var\/lib\/waybill to the user that runs Waybill/,
  },
  {
    what: "started once as root",
    files: { [`${dir}/lock.db`]: { kind: "file", mode: 0o600, uid: 0, changedAt: now } },
    finds: "files.foreign",
    who: "sender-admin",
    change: /chown -R 106 \/var\/lib\/waybill/,
  },
  {
    what: "everybody can read the key of the certificate",
    files: { "/etc/waybill/good.pem": { kind: "file", mode: 0o644, uid: 0, changedAt: now } },
    finds: "files.secret-open",
    who: "sender-admin",
    change: /chmod o-rwx \/etc\/waybill\/good\.pem/,
  },
  {
    what: "everybody can write to data_dir",
    files: { [dir]: { kind: "folder", mode: 0o777, uid: 106, changedAt: now } },
    finds: "files.folder-open",
    who: "sender-admin",
    change: /chmod o-w \/var\/lib\/waybill/,
  },
  {
    what: "fewer open files than connections",
    machine: { openFiles: async () => 1_024 },
    finds: "limits.open-files",
    who: "sender-admin",
    change: /LimitNOFILE[^]*max_connections in \[receive\] to 5\d\d; now it is 2000/,
  },
  {
    what: "too little memory",
    machine: { memory: { totalBytes: 128 * 1_024 ** 2, availableBytes: 20 * 1_024 ** 2 } },
    finds: "limits.memory",
    who: "sender-admin",
    change: /at least 256 MB/,
  },
  {
    what: "nothing keeps the clock right",
    machine: { clock: async () => "free" },
    finds: "clock.free",
    who: "sender-admin",
    change: /timedatectl set-ntp true/,
  },
  {
    what: "the clock stands at 1970",
    now: 3_600_000,
    finds: "clock.impossible",
    who: "sender-admin",
    change: /date, time/,
    also: ["tls.not-yet-valid", "tls.not-trusted"],
  },
  {
    what: "the clock was set back",
    files: { [dir]: { kind: "folder", mode: 0o700, uid: 106, changedAt: now + 2 * day } },
    finds: "clock.behind-files",
    who: "sender-admin",
    change: /date, time/,
  },
  {
    what: "the clock is two hours ahead of a mail server's",
    greeting: `220 mx.other.example ESMTP; ${new Date(now - 7_200_000).toUTCString().replace("GMT", "+0000")}`,
    finds: "clock.differs",
    who: "sender-admin",
    change: /date, time/,
  },
];

const names: readonly BrokenSelf[] = [
  {
    what: "our name is no full name",
    question: { hostname: "mailserver" },
    finds: "hostname.local",
    who: "sender-admin",
    change: /set hostname to "mail\.example\.org"/,
    also: ["tls.other-name"],
  },
  {
    what: "our name has no address",
    drop: ["mx.shop.example A"],
    finds: "hostname.no-address",
    who: "sender-admin",
    change: /mx\.shop\.example\. 3600 IN A 192\.0\.2\.10/,
  },
  {
    what: "our name leads to a private address",
    drop: ["mx.shop.example A"],
    add: ["mx.shop.example A 10.0.0.5"],
    finds: "hostname.private",
    who: "sender-admin",
    change: /IN A 192\.0\.2\.10/,
  },
  {
    what: "our name leads to another machine",
    drop: ["mx.shop.example A"],
    add: ["mx.shop.example A 192.0.2.99", "192.0.2.99 PTR mx.shop.example"],
    finds: "hostname.elsewhere",
    who: "sender-admin",
    change: /IN A 192\.0\.2\.10/,
  },
  {
    what: "our address has no reverse name",
    drop: ["192.0.2.10 PTR"],
    finds: "reverse.missing",
    who: "provider",
    change: /10\.2\.0\.192\.in-addr\.arpa\. 3600 IN PTR mx\.shop\.example\./,
  },
  {
    what: "our reverse name leads elsewhere",
    drop: ["192.0.2.10 PTR"],
    add: ["192.0.2.10 PTR www.shop.example", "www.shop.example A 192.0.2.80"],
    finds: "reverse.does-not-agree",
    who: "provider",
    change: /set its reverse name to mx\.shop\.example/,
  },
  {
    what: "mail apps are shown a self-signed certificate",
    settings: { tls: {} },
    finds: "tls.self-signed",
    who: "recipient-admin",
    change: /set certificate and key in \[tls\]/,
  },
  {
    what: "the certificate in [tls] has expired",
    ...tlsOf("expired.pem"),
    finds: "tls.expired",
    who: "recipient-admin",
    change: /Renew the certificate/,
  },
  {
    what: "the certificate in [tls] expires in days",
    ...tlsOf("soon.pem"),
    finds: "tls.expires-soon",
    who: "recipient-admin",
    change: /Renew the certificate/,
  },
  {
    what: "the certificate in [tls] is for another name",
    ...tlsOf("other.pem"),
    finds: "tls.other-name",
    who: "recipient-admin",
    change: /certificate for mx\.shop\.example/,
  },
  {
    what: "the file of the certificate has no intermediate one",
    ...tlsOf("unlinked.pem"),
    finds: "tls.not-trusted",
    who: "recipient-admin",
    change: /fullchain/,
  },
  {
    what: "the key is another certificate's",
    settings: { tls: { certificate: "/etc/waybill/good.pem", key: "/etc/waybill/strange.key" } },
    finds: "certificate.unusable",
    who: "sender-admin",
    change: /the key it was made with/,
  },
  {
    what: "a certificate of the web server cannot be read",
    settings: { web_certificate: [{ certificate: "/etc/waybill/gone.pem", key: "/etc/waybill/good.pem" }] },
    finds: "certificate.unusable",
    who: "sender-admin",
    change: /\/etc\/waybill\/gone\.pem/,
  },
  {
    what: "a domain of ours is not signed for",
    keys: [],
    finds: "dkim.none",
    who: "sender-admin",
    change: /waybill dkim keygen shop\.example/,
  },
  {
    what: "a key that signs is not published",
    drop: ["s1._domainkey"],
    finds: "dkim.key-missing",
    who: "sender-admin",
    change: /s1\._domainkey\.shop\.example\. 3600 IN TXT "v=DKIM1; k=ed25519; p=AAAA"/,
  },
  {
    what: "another key is published than the one that signs",
    keys: [{ ...own, record: { value: "v=DKIM1; k=ed25519; p=BBBB" } }],
    finds: "dkim.key-differs",
    who: "sender-admin",
    change: /p=BBBB" — in the place of: "v=DKIM1; k=ed25519; p=AAAA"/,
  },
  {
    what: "a key file cannot be read",
    keys: [{ ...own, record: { problem: "cannot read the key /k.pem: EACCES" } }],
    finds: "dkim.key-unusable",
    who: "sender-admin",
    change: /waybill dkim keygen shop\.example/,
  },
];

const around: readonly BrokenSelf[] = [
  {
    what: "no DNS server answers",
    dns: [{ isSilent: true }, { isSilent: true }],
    finds: "resolver.none",
    who: "sender-admin",
    change: /servers = \["127\.0\.0\.1"\]/,
  },
  {
    what: "the first of two DNS servers is dead",
    dns: [{ isSilent: true }, {}],
    finds: "resolver.silent",
    who: "sender-admin",
    change: /Take 192\.0\.2\.53 out of the DNS servers \(servers in \[dns\]/,
  },
  {
    what: "the DNS server is far away",
    dns: [{ tookMs: 900 }],
    finds: "resolver.slow",
    who: "sender-admin",
    change: /on this machine or beside it/,
  },
  {
    what: "the provider's DNS server knows names that are not there",
    dns: [{ rewrites: true }],
    finds: "resolver.rewrites",
    who: "provider",
    change: /one of your own/,
  },
  {
    what: "the DNS server does not verify (DNSSEC)",
    dns: [{ verifies: false }],
    finds: "resolver.does-not-verify",
    who: "sender-admin",
    change: /that verifies/,
  },
  {
    what: "the DNS server says that it verifies, and does not",
    dns: [{ takesBogus: true }],
    finds: "resolver.claims",
    who: "sender-admin",
    change: /that verifies/,
  },
  {
    what: "a blocklist refuses the DNS server",
    settings: { dns_list: [{ name: "bl.example", of: "address", weight: 3 }] },
    drop: ["2.0.0.127.bl.example"],
    add: ["2.0.0.127.bl.example A 127.255.255.254"],
    finds: "list.unusable",
    who: "nobody",
    change: /resolver of your own/,
  },
  {
    what: "a blocklist lists everybody who asks through this DNS server",
    settings: { dns_list: [{ name: "bl.example", of: "address", weight: 3 }] },
    add: ["1.0.0.127.bl.example A 127.0.0.2"],
    finds: "list.unusable",
    who: "nobody",
    change: /resolver of your own/,
  },
  {
    what: "the network closes port 25",
    greeting: "timeout",
    finds: "outbound.blocked",
    who: "provider",
    change: /open outgoing port 25[^]*\[\[route\]\]/,
  },
  {
    what: "no way leads out of this network",
    greeting: "no-route",
    finds: "outbound.blocked",
    who: "provider",
    change: /open outgoing port 25/,
  },
  {
    what: "other servers turn us away",
    greeting: "554 5.7.1 your address is listed",
    finds: "server.refuses-us",
    who: "sender-admin",
    change: /your address is listed/,
  },
];

const kept: readonly BrokenSelf[] = [
  {
    what: "the server is older than the command",
    server: running({ version: "0.9.0" }),
    finds: "self.other-version",
    who: "sender-admin",
    change: /Restart Waybill \(process 4711\)/,
  },
  {
    what: "the server stands still",
    server: { kind: "broken", text: "the Waybill at /s broke off (ECONNRESET)" },
    sockets: [
      { address: "::", port: 25, user: "user 106" },
      { address: "::", port: 465, user: "user 106" },
    ],
    finds: "self.no-answer",
    who: "sender-admin",
    change: /log of Waybill/,
  },
  {
    what: "the server is another user's",
    server: { kind: "denied", text: "You may not open the control socket" },
    sockets: [
      { address: "::", port: 25, user: "user 106" },
      { address: "::", port: 465, user: "user 106" },
    ],
    finds: "self.denied",
    who: "sender-admin",
    change: /as the user to whom \/var\/lib\/waybill belongs/,
  },
  {
    what: "mail waits, and no server runs",
    server: { kind: "not-running" },
    sockets: [],
    store: stored({ waiting: 12 }),
    finds: "store.waits-for-start",
    who: "sender-admin",
    change: /waybill start --config \/etc\/waybill\/waybill\.toml/,
  },
  {
    what: "the database is damaged",
    damage: ["Tree 7 page 93: btreeInitPage() returns error code 11"],
    finds: "store.damaged",
    who: "sender-admin",
    change: /restore a backup/,
  },
  {
    what: "the database of a newer Waybill",
    store: stored({ version: 7 }),
    finds: "store.newer",
    who: "sender-admin",
    change: /Install the newer Waybill/,
  },
  {
    what: "PostgreSQL is not there",
    store: { kind: "unreachable", place: '"waybill" at db:5432', text: "ECONNREFUSED" },
    finds: "store.unreachable",
    who: "sender-admin",
    change: /whether "waybill" at db:5432 is there/,
  },
  {
    what: "deliveries that no worker will look at",
    store: stored({ waiting: 5, forgotten: 2 }),
    finds: "store.forgotten",
    who: "sender-admin",
    change: /waybill queue retry --all/,
  },
  {
    what: "somebody has removed files with mail",
    store: stored({ waiting: 1, lost: ["1m8443kxh00mx7eg"] }),
    finds: "store.lost-content",
    who: "sender-admin",
    change: /\/var\/lib\/waybill\/bodies/,
  },
  {
    what: "mail that the database could not take",
    store: stored({ aside: [`${dir}/aside/1`] }),
    finds: "store.aside",
    who: "sender-admin",
    change: /aside\/1/,
  },
  {
    what: "the spool cannot be read",
    store: stored({ faults: ["EIO: i/o error, read"] }),
    finds: "store.spool-fault",
    who: "sender-admin",
    change: /restore a backup/,
  },
  {
    what: "mail is due, and nobody works on it",
    queue: {
      counts: { ...counts, due: 3 },
      nextDueAt: now - 600_000,
      oldest: [waiting({ state: "due", dueAt: now - 600_000 })],
    },
    finds: "queue.stuck",
    who: "sender-admin",
    change: /report it/,
  },
  {
    what: "more mail comes than goes",
    queue: {
      counts: { ...counts, due: 90_000, claimed: 1_500 },
      nextDueAt: now - 3_600_000,
      oldest: [waiting({ state: "due", dueAt: now - 3_600_000 })],
    },
    finds: "queue.behind",
    who: "sender-admin",
    change: /waybill destinations/,
  },
  {
    what: "mail has waited for days for one destination",
    queue: {
      counts: { ...counts, deferred: 2 },
      nextDueAt: now + 60_000,
      oldest: [
        waiting({ receivedAt: now - 3 * day, because: timeout }),
        waiting({ receivedAt: now - 2 * day, because: timeout }),
        waiting({ domain: "fine.example" }),
      ],
    },
    finds: "queue.old",
    who: "sender-admin",
    change: /waybill queue list --domain slow\.example/,
  },
];

export const brokenInstallations: readonly BrokenSelf[] = [...settings, ...machine, ...names, ...around, ...kept];
