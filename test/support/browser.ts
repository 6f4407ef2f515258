// A real browser, Debian's chromium with an empty profile, for tests of pages.
import { type Browser, chromium } from "playwright-core";
import { findProgram } from "./programs.ts";

const quiet = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** To be closed by who opens it. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: findProgram("chromium") ?? "chromium", args: quiet });
