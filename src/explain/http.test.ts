// HTTP: every registered code is explained, and a redirect is followed only where a standard lets Waybill do so.
import assert from "node:assert/strict";
import { test } from "node:test";
import { explainHttp, type HttpPurpose, redirectLimit } from "./http.ts";

const location = "https://hooks.example.org/new";

/** https://www.iana.org/assignments/http-status-codes: 1xx to 5xx; the unused ones have an entry, too. */
const registered = [
  100, 101, 102, 103, 104, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307,
  308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423,
  424, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
];
const inTheWild = [499, 520, 521, 522, 523, 524, 525, 526, 527, 530];

test("every registered code has a name, a meaning and a source of its own", () => {
  for (const status of registered) {
    const { name, meaning, source } = explainHttp(status, { method: "GET", purpose: "general" });
    assert.match(source, /^(?:RFC \d+ §|RFC 8297$|draft-)/, String(status));
    assert.ok(name !== "" && meaning.endsWith("."), String(status));
    assert.notEqual(name, explainHttp(Math.floor(status / 100) * 100 + 99, { method: "GET", purpose: "general" }).name);
  }
});

test("codes that nobody registered are explained, and told by whose they are", () => {
  for (const status of inTheWild)
    assert.match(explainHttp(status, { method: "GET", purpose: "general" }).source, /nginx|Cloudflare/, String(status));
});

test("an unknown code means what its class means; what is no status at all is said to be none", () => {
  const cases = [
    [199, "Informational", false],
    [299, "Successful", false],
    [399, "Redirection", false],
    [477, "Client Error", false],
    [577, "Server Error", true],
    [0, "Unknown", false],
    [777, "Unknown", false],
    [Number.NaN, "Unknown", false],
  ] as const;
  for (const [status, name, temporary] of cases) {
    const said = explainHttp(status, { method: "POST", purpose: "webhook" });
    assert.deepEqual([said.name, said.temporary], [name, temporary], String(status));
  }
});

test("whether Waybill may follow, for each code of class 3", () => {
  //          policy GET, webhook POST, webhook GET, general POST, general GET
  const may: Record<number, string> = {
    300: "-----",
    301: "--g-g",
    302: "--g-g",
    303: "--ggg",
    304: "-----",
    305: "-----",
    306: "-----",
    307: "-pgpg",
    308: "-pgpg",
    399: "-----",
  };
  const requests: readonly (readonly [HttpPurpose, string])[] = [
    ["mta-sts-policy", "GET"],
    ["webhook", "POST"],
    ["webhook", "GET"],
    ["general", "POST"],
    ["general", "GET"],
  ];
  for (const [status, expected] of Object.entries(may)) {
    const found = requests.map(([purpose, method]) => {
      const { redirect } = explainHttp(Number(status), { method, purpose, location });
      assert.ok(redirect !== undefined && redirect.asks !== "" && redirect.why !== "");
      return redirect.mayFollow ? redirect.method[0]!.toLowerCase() : "-";
    });
    assert.equal(found.join(""), expected, status);
  }
});

test("a redirect that would lose the content of a POST says so, and names the new address", () => {
  const { redirect, whoActs, steps } = explainHttp(301, { method: "post", purpose: "webhook", location });
  assert.deepEqual([redirect?.mayFollow, redirect?.method, whoActs], [false, "GET", "sender-admin"]);
  assert.match(redirect!.asks, /a GET request to https:\/\/hooks\.example\.org\/new, now and from now on/);
  assert.match(redirect!.why, /POST would become a GET/);
  assert.deepEqual(steps, ["Write the new address into the configuration."]);
});

test("the method stays with 307 and 308, and with 301 for all but POST", () => {
  for (const [status, method] of [
    [307, "POST"],
    [308, "POST"],
    [308, "PUT"],
    [301, "PUT"],
    [302, "HEAD"],
    [303, "HEAD"],
  ] as const) {
    const { redirect } = explainHttp(status, { method, purpose: "webhook", location });
    assert.deepEqual([redirect?.method, redirect?.mayFollow], [method, true], `${status} ${method}`);
    assert.match(redirect!.why, new RegExp(`${redirectLimit} redirects`));
  }
});

test("without a place on the web there is nothing to follow", () => {
  for (const bad of [
    undefined,
    "",
    "  ",
    "ftp://example.org/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:,x",
  ]) {
    const { redirect } = explainHttp(307, {
      method: "GET",
      purpose: "webhook",
      ...(bad !== undefined && { location: bad }),
    });
    assert.equal(redirect?.mayFollow, false, bad);
  }
  for (const good of ["/new", "//example.org/x", "?a=b", "new:thing/x".replace(":", "%3A"), "HTTP://example.org/"])
    assert.equal(
      explainHttp(307, { method: "GET", purpose: "webhook", location: good }).redirect?.mayFollow,
      true,
      good,
    );
});

test("what a stranger wrote into Location cannot act on a terminal, and is cut", () => {
  const { redirect } = explainHttp(307, {
    method: "POST",
    purpose: "webhook",
    location: `/\u001b[2J\r\n${"a".repeat(9_999)}`,
  });
  assert.match(redirect!.asks, /^[^\p{Cc}]{100,400}$/u);
});

test("who can act depends on whose address it is", () => {
  const cases = [
    [404, "mta-sts-policy", "recipient-admin"],
    [404, "webhook", "sender-admin"],
    [500, "mta-sts-policy", "recipient-admin"],
    [500, "webhook", "provider"],
    [301, "mta-sts-policy", "recipient-admin"],
    [204, "mta-sts-policy", "recipient-admin"],
    [204, "webhook", "nobody"],
    [200, "mta-sts-policy", "nobody"],
    [429, "webhook", "nobody"],
    [511, "mta-sts-policy", "sender-admin"],
  ] as const;
  for (const [status, purpose, whoActs] of cases) {
    const said = explainHttp(status, { method: "GET", purpose });
    assert.equal(said.whoActs, whoActs, `${status} ${purpose}`);
    assert.equal(said.steps.length > 0, whoActs !== "nobody" || said.temporary, `${status} ${purpose}`);
  }
});

test("a policy that is elsewhere is to be published where it belongs", () => {
  const { steps } = explainHttp(302, { method: "GET", purpose: "mta-sts-policy", location });
  assert.match(steps.join(), /^Publish the policy at https:\/\/mta-sts\./);
});
