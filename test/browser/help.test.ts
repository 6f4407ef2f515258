// The help page in a real browser: with scripts and without, on a narrow phone, by keyboard, as a screen reader has it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { openBrowser } from "../support/browser.ts";
import { fakeWorld } from "../support/fake-world.ts";
import { portOf, startHelpServer } from "../support/help-visitor.ts";
import { absent } from "../support/programs.ts";
import { smtpClient } from "../support/smtp-client.ts";

const phone = { width: 320, height: 640 } as const;
const wrongLogin = `AUTH PLAIN ${Buffer.from("\0ann@home.lab\0crayon").toString("base64")}`;
const longestDelayMs = 10_000;

describe("the help page in a browser", { skip: absent("chromium") }, () => {
  let browser: Browser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser.close());

  /** A visitor, and the server; both end with the test. */
  async function visit(options: BrowserContextOptions = {}) {
    await using opened = new AsyncDisposableStack();
    const world = fakeWorld();
    const server = opened.use(await startHelpServer(world));
    const context: BrowserContext = await browser.newContext({ locale: "en-GB", viewport: phone, ...options });
    opened.defer(() => context.close());
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (said) => said.type() === "error" && faults.push(said.text()));
    await page.goto(`http://mail.localhost:${server.webPort}/help`);
    const running = opened.move();
    return { world, server, context, page, faults, [Symbol.asyncDispose]: () => running.disposeAsync() };
  }

  type Visited = Awaited<ReturnType<typeof visit>>;

  async function fillIn(page: Page): Promise<void> {
    await page.getByLabel("I cannot send mail").check();
    await page.getByLabel("Your mail address").fill("ann@home.lab");
    await page.getByLabel("Which app?").selectOption({ label: "Thunderbird on a computer" });
    await page.getByLabel("What does the app say? (optional)").fill("Login to server mail.home.lab failed.");
    await page.getByRole("button", { name: "Show me what to do" }).click();
    await page.getByRole("heading", { level: 1, name: "What to do" }).waitFor();
  }

  /** An app with the wrong password, while the page is looking. */
  async function failToLogIn({ server, world, page }: Visited): Promise<void> {
    const wire = connectTls({ port: server.ports[portOf.tls]!, host: "127.0.0.1", rejectUnauthorized: false });
    await using client = smtpClient(wire);
    await client.reply();
    await client.say("EHLO app.lab");
    const refused = client.say(wrongLogin);
    await page.getByText("The login was refused (method PLAIN)").first().waitFor();
    await world.advance(longestDelayMs);
    assert.match(await refused, /^535 /);
  }

  for (const javaScriptEnabled of [true, false])
    test(`the whole way, ${javaScriptEnabled ? "with" : "without"} scripts, 320 pixels wide`, async () => {
      await using visited = await visit({ javaScriptEnabled });
      const { page, faults } = visited;
      await holdsTogether(page);
      await fillIn(page);
      await page.getByText("did not accept user name and password").waitFor();
      assert.equal(await page.getByText("mail.home.lab", { exact: true }).first().isVisible(), true);
      await page.getByText("If this is blocked in your network").click();
      assert.equal(await page.getByText("587", { exact: true }).isVisible(), true);
      await holdsTogether(page);
      await page.getByRole("button", { name: "Start the test" }).click();
      await page.getByText("Nothing has arrived from your network so far.").waitFor();
      await failToLogIn(visited);
      await page.getByRole("heading", { name: "Result" }).waitFor();
      await holdsTogether(page);
      assert.deepEqual(faults, []);
    });

  test("all is done with the keyboard", async () => {
    await using visited = await visit();
    const { page } = visited;
    const press = async (...keys: readonly string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await press("Tab");
    assert.equal(await focused(page), "Skip to the content");
    await press("Enter", "Tab", "ArrowDown", "ArrowDown", "Tab");
    await page.keyboard.type("ann@home.lab");
    await press("Tab", "T", "Tab", "Tab", "Enter");
    await page.getByRole("heading", { level: 1, name: "What to do" }).waitFor();
    const { searchParams } = new URL(page.url());
    assert.equal(searchParams.get("problem"), "send");
    assert.match(searchParams.get("app") ?? "", /^thunderbird/);
    await page.getByRole("button", { name: "Start the test" }).focus();
    await press("Enter");
    await page.getByText("The test is running.").waitFor();
  });

  test("a button copies a setting, and says so", async () => {
    await using visited = await visit({ viewport: { width: 1_000, height: 700 } });
    const { page, context, server } = visited;
    await context.grantPermissions(["clipboard-read", "clipboard-write"], {
      origin: `http://mail.localhost:${server.webPort}`,
    });
    await fillIn(page);
    await page.getByRole("button", { name: "Copy: Server Name mail.home.lab" }).first().click();
    await page.getByRole("status").getByText("Copied: mail.home.lab").waitFor({ state: "attached" });
    assert.equal(await page.evaluate("navigator.clipboard.readText()"), "mail.home.lab");
  });

  test("the language is the browser's, and can be chosen on each page without losing what was typed", async () => {
    await using visited = await visit({ locale: "fr-CA" });
    const { page } = visited;
    assert.equal(await page.locator("html").getAttribute("lang"), "fr");
    await page.getByRole("link", { name: "English" }).click();
    await fillIn(page);
    await page.getByRole("link", { name: "日本語" }).click();
    await page.getByRole("heading", { level: 1, name: "対処方法" }).waitFor();
    assert.match(await page.locator("main").innerText(), /465[^]*ann@home\.lab/);
  });

  test("colours have enough contrast, in the light and in the dark", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      await using visited = await visit({ colorScheme });
      await fillIn(visited.page);
      const faint = await visited.page.evaluate<string[]>(faintTexts);
      assert.deepEqual(faint, [], colorScheme);
    }
  });
});

/** Nothing is cut off, each control has a name, and there is one heading above all. */
async function holdsTogether(page: Page): Promise<void> {
  assert.ok(((await page.locator("html").getAttribute("lang")) ?? "") !== "");
  assert.equal(await page.locator("h1").count(), 1);
  const width = await page.evaluate<number>("document.documentElement.scrollWidth");
  assert.equal(width, page.viewportSize()!.width, "the page is wider than the screen");
  const controls = await page.locator("main").ariaSnapshot();
  assert.doesNotMatch(
    controls,
    /- (?:button|textbox|combobox|radio|link)(?: \[[^\]]*\])*:?$/m,
    "a control without a name",
  );
}

const focused = (page: Page): Promise<string> => page.evaluate<string>("document.activeElement.textContent.trim()");

/** Runs in the page: texts with less contrast than 4.5 : 1 (WCAG 2.2, 1.4.3). */
const faintTexts = `(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = channels(colour).slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((channels(colour)[3] ?? 1) > 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
  return [...document.body.querySelectorAll("*")].filter(hasText).flatMap((element) => {
    const [a, b] = [luminance(getComputedStyle(element).color), luminance(groundOf(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return contrast < 4.5 ? [contrast.toFixed(2) + " " + element.textContent.trim()] : [];
  });
})()`;
