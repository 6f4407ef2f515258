// The mail apps that the help page knows: how their forms name the settings, where that is certain, and what else is special.
import type { Language } from "../../explain/explanation.ts";
import apps from "./apps.json" with { type: "json" };

export type AppId = keyof typeof apps;
export type Field = "server" | "port" | "security" | "authentication" | "user" | "password";

interface App {
  /** In the order of its form. */
  readonly fields: readonly Field[];
  /** "switch": on or off; what it means, the port says. */
  readonly security?: "switch";
  /** How it calls what we call SSL/TLS and STARTTLS. */
  readonly values?: { readonly tls: string; readonly starttls: string };
  /** Of its form, in languages where they are known; else our own words stand there. */
  readonly labels: Partial<Readonly<Record<Language, Partial<Readonly<Record<Field, string>>>>>>;
  /** What its form calls a login with a password. */
  readonly password?: Partial<Readonly<Record<Language, string>>>;
  /** Finds the settings by itself (autoconfig, Autodiscover). */
  readonly auto?: true;
  /** Takes configuration profiles. */
  readonly apple?: true;
  /** Its maker's servers connect, and not the device. */
  readonly cloud?: true;
}

export const appOf = (id: AppId): App => apps[id] as App;

/** In the order in which they are offered. */
export const appIds = Object.keys(apps) as readonly AppId[];
