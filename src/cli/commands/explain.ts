// `waybill explain`: what a code, a reply, a line of a log or a whole bounce means, and what to do about it.
import { type Command, Option } from "commander";
import { readOwnRules } from "../../config/own-rules.ts";
import { explain, explainAs } from "../../explain/explain.ts";
import { explainFailure } from "../../explain/failure.ts";
import { explainHttp } from "../../explain/http.ts";
import { explainBounce, type ExplainedRecipient } from "../../explain/explain-bounce.ts";
import type { FailureReport, Language } from "../../explain/explanation.ts";
import { learn } from "../../explain/knowledge/knowledge.ts";
import { languages } from "../../explain/languages/reader.ts";
import type { Event } from "../../journal/event.ts";
import type { Address } from "../../mail/address.ts";
import { readConfig } from "../control-client.ts";
import { type Context, printJson, printLines } from "../context.ts";
import { drawExplained, type Explained, explanationDrawingFor } from "../explanation-drawing.ts";
import { type ExplainInput, inputsOf } from "../explain-input.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { type CommonOptions, configOption, controlOf, example, jsonOption, labOption } from "./options.ts";

interface ExplainCommandOptions extends CommonOptions {
  readonly lang?: Language;
}

export function addExplain(program: Command, context: Context): void {
  const command = program
    .command("explain")
    .summary("say what a reply, a bounce or a line of a log means, and what to do")
    .description(
      "Say what went wrong with mail, whether it is over, who can set it right and what to do next. Takes files " +
        "(a bounce as it was received, lines of a log), a pasted reply, a code, standard input, or the queue id of a " +
        "message; only that needs a running server.",
    )
    .argument("[what...]", "files, or the words of a reply: 550, 5.7.26, 421 4.7.0; nothing or -: standard input")
    .addOption(new Option("--lang <language>", "language of the explanation").choices([...languages]))
    .addOption(configOption())
    .addOption(labOption())
    .addOption(jsonOption())
    .action((words: string[], options: ExplainCommandOptions) => explainAll(words, options, context));
  example(
    command,
    "waybill explain 421 4.7.0",
    "waybill explain HTTP 308",
    "waybill explain '550 5.7.26 Unauthenticated email from example.org is not accepted'",
    "waybill explain --lang de bounce.eml",
    "waybill explain --json bounces/*.eml",
  );
}

async function explainAll(words: readonly string[], options: ExplainCommandOptions, context: Context): Promise<void> {
  const { rules } = (await readConfig(options.config)).explain;
  if (rules.length > 0) learn(await readOwnRules(rules));
  const language = options.lang ?? languageOfTerminal(context);
  const drawing = explanationDrawingFor(context, language);
  let isFirst = true;
  for await (const input of inputsOf(words, context)) {
    const explained = await explainInput(input, options, language);
    if (options.json) printJson(context, [asJson(explained)]);
    else printLines(context, [...(isFirst ? [] : [""]), ...drawExplained(explained, drawing)]);
    isFirst = false;
  }
}

async function explainInput(input: ExplainInput, options: CommonOptions, language: Language): Promise<Explained> {
  const { name } = input;
  const about = { name, kind: "text", format: "text", original: {} } as const;
  switch (input.kind) {
    case "message":
      return { name, ...explainBounce(input.bytes, { language }) };
    case "text":
      return { ...about, recipients: input.failures.map((failure) => explained(failure, language)) };
    case "http":
      return { ...about, recipients: [], http: explainHttp(input.status, { method: "GET", purpose: "general" }) };
    case "queued":
      return { ...about, recipients: latestFailures(await eventsOf(name, options), language) };
  }
}

const explained = (failure: FailureReport, language: Language): ExplainedRecipient => ({
  ...failure,
  address: failure.recipient ?? "",
  explanation: explain(failure, { language }),
});

async function eventsOf(queueId: string, options: CommonOptions): Promise<Event[]> {
  const events = await (await controlOf(options)).trace({ queueId, limit: 1 });
  if (events.length > 0) return events;
  throw new CommandError(
    exitCodes.notFound,
    `Nothing is known of ${queueId}: it never came here, or longer ago than history.keep in the configuration.`,
  );
}

type Fate = Extract<Event, { kind: "delivered" | "deferred" | "bounced" | "bounced-later" }>;

/** Of each recipient what happened last, if it was a failure. */
function latestFailures(events: readonly Event[], language: Language): ExplainedRecipient[] {
  const latest = new Map<Address, Fate>();
  for (const event of events)
    if (
      event.kind === "delivered" ||
      event.kind === "deferred" ||
      event.kind === "bounced" ||
      event.kind === "bounced-later"
    )
      latest.set(event.to, event);
  return [...latest].flatMap(([recipient, event]) => {
    if (event.kind === "delivered") return [];
    if (event.kind === "bounced-later") return reported(event, language);
    const givenUp = event.kind === "bounced";
    const { fact, ...explanation } = explainFailure(event.because, { recipient, language, givenUp });
    return { address: recipient, recipient, text: fact, explanation };
  });
}

/** The whole report said what the cause is; its words alone may say less. */
function reported(
  { to, text, cause }: Extract<Fate, { kind: "bounced-later" }>,
  language: Language,
): ExplainedRecipient {
  const failure = { recipient: to, text, givenUp: true };
  const read = explained(failure, language);
  return read.explanation.cause === cause ? read : { ...read, explanation: explainAs(cause, failure, { language }) };
}

/** LC_ALL, LC_MESSAGES and LANG say what the person reads. POSIX.1-2024, base definitions §8.2. */
function languageOfTerminal({ environment }: Context): Language {
  const [locale = ""] = ["LC_ALL", "LC_MESSAGES", "LANG"].flatMap((name) => environment[name] || []);
  return languages.find((language) => locale.startsWith(language)) ?? "en";
}

function asJson({ name, kind, recipients, ...about }: Explained): object {
  return {
    file: name,
    bounce: kind === "failure",
    kind,
    recipients: recipients.map(({ explanation, text, givenUp: _, ...facts }) => ({ ...facts, ...explanation, text })),
    ...about,
  };
}
