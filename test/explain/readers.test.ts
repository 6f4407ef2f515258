// Ten readers, what each of them asks of a bounce, and where in the explanation the answer stands: an answer that gets lost
// is found here. docs/readers.md shows the same; after a wanted change of the text: UPDATE=1 node --test test/explain/readers.test.ts
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { drawExplained } from "../../src/cli/explanation-drawing.ts";
import { explainBounce } from "../../src/explain/explain-bounce.ts";
import type { CauseName, Language, WhoActs } from "../../src/explain/explanation.ts";
import { textsIn } from "../../src/explain/languages/language.ts";
import { languages } from "../../src/explain/languages/reader.ts";
import { suite } from "../support/suites.ts";

interface Reader {
  /** Of the bounce that we wrote, in readers/. */
  readonly name: string;
  readonly language: Language;
  /** Of a bounce of the same kind that other people received, in the suite. */
  readonly collected: string;
  readonly told: readonly (readonly [CauseName, WhoActs])[];
  /** What the reader asks, and words of the line that answers it. */
  readonly asks: readonly (readonly [string, string])[];
}

const readers: readonly Reader[] = [
  {
    name: "grandmother",
    language: "en",
    collected: "lhost-postfix-62",
    told: [["virus", "sender"]],
    asks: [
      ["What happened?", "a file in it is dangerous"],
      ["Did my grandson get it?", "The message was not delivered"],
      ["Does it still go out by itself?", "is not tried any more"],
      ["Is my computer infected?", "checked for viruses first. It may also be a false alarm"],
      ["Whom do I call?", "ask someone who does"],
      ["Do I send it again?", "Then send the message again without the attached files"],
      ["How does he get the photos?", "share them in some other way"],
      ["Did my granddaughter get it?", "any other address you wrote to, the message has most likely arrived"],
    ],
  },
  {
    name: "support-agent",
    language: "fr",
    collected: "rfc3464-64",
    told: [["no-such-domain", "sender"]],
    asks: [
      ["What happened?", "la partie de l’adresse qui suit le @, n’existe pas"],
      ["Did the customer get it?", "Le message n’a pas été remis"],
      ["Do I send it again as it is?", "Vous pourrez le renvoyer une fois la cause écartée"],
      ["What do I do instead?", "Vérifiez qu’il n’y a pas de faute de frappe"],
      ["Whom do I call, and what do I ask?", "par téléphone, quelle adresse utiliser"],
      ["Is it up to us or to the customer's provider?", "Qui peut y remédier : Vous-même"],
    ],
  },
  {
    name: "recruiter",
    language: "de",
    collected: "lhost-opensmtpd-02",
    told: [
      ["mailbox-full", "recipient"],
      ["no-such-mailbox", "sender"],
    ],
    asks: [
      ["Why did the first candidate not get it?", "Das Postfach des Empfängers ist voll"],
      ["What do I tell the first one?", "telefonisch, dass sein Postfach voll ist"],
      ["When do I send it to the first one again?", "Senden Sie die Nachricht noch einmal, wenn wieder Platz ist"],
      ["Why did the second candidate not get it?", "kein Postfach mit dieser Adresse"],
      ["Do I send it to the second one again?", "Es hat keinen Zweck"],
      ["Is it my mistake?", "Prüfen Sie die Adresse auf Tippfehler"],
      ["The address is right: what now?", "telefonisch, nach der gültigen Adresse"],
      ["Did the third candidate get it?", "An anderen Adressen, an die Sie geschrieben haben"],
    ],
  },
  {
    name: "app-developer",
    language: "en",
    collected: "rhost-google-04",
    told: [["authentication-failed", "sender-admin"]],
    asks: [
      ["What happened?", "could not make sure that the message really comes from you"],
      ["Is it retried, or is it up to my program?", "is not tried any more"],
      ["What exactly has to change?", "the SPF, DKIM and DMARC settings of your domain"],
      ["Who can change it?", "such as your IT department or mail provider"],
      ["Which of the tests failed?", "did not pass"],
      ["Where is that written down?", "RFC 7372"],
      ["When do I send it again?", "Send the message again once this is set right"],
    ],
  },
  {
    name: "office-worker",
    language: "ja",
    collected: "rhost-kddi-01",
    told: [["recipient-filter", "recipient"]],
    asks: [
      ["What happened?", "フィルターまたは設定により"],
      ["Did the customer get it?", "このメールは届かず"],
      ["Does it still go out by itself?", "これ以上の送信も行われません"],
      ["Is it our fault?", "解決できる人：宛先の方"],
      [
        "Whom do I call, and what do I tell them?",
        "電話など別の方法で、あなたのメールを受け取れるように設定してもらう",
      ],
      ["When do I send it again?", "問題が解決したら、もう一度送信"],
    ],
  },
  {
    name: "newsletter-editor",
    language: "en",
    collected: "arf-01",
    told: [["complaint", "sender"]],
    asks: [
      ["What happened, and did it arrive?", "Your message arrived, and the recipient marked it as spam"],
      ["Do I write to this reader again?", "send no more messages of this kind to it"],
      ["Is it my fault, and how do I avoid it?", "asked for your mail and can leave the list with ease"],
      ["Who has to act?", "Who can set it right: You"],
    ],
  },
  {
    name: "new-admin",
    language: "en",
    collected: "lhost-exim-33",
    told: [["no-reverse-name", "sender-admin"]],
    asks: [
      ["What happened?", "the name of your mail server is not set up right"],
      ["Is the message still in the queue?", "is not tried any more"],
      ["What do I have to set up?", "PTR record"],
      ["For which address?", "203.0.113.2"],
      ["Whom do I call?", "The firm that gave out the number sets this name"],
      ["When is the message sent again?", "Send the message again once this is set right"],
    ],
  },
  {
    name: "lawyer",
    language: "de",
    collected: "lhost-einsundeins-02",
    told: [["message-too-big", "sender"]],
    asks: [
      ["What happened?", "größer, als der andere Mailserver annimmt"],
      ["Does the other side have the contract?", "Die Nachricht wurde nicht zugestellt"],
      ["Does waiting help?", "es wird nicht mehr versucht"],
      ["How do I get it there?", "in mehreren Nachrichten, oder geben Sie sie über einen Link weiter"],
      ["How large may it be?", "bleiben Sie unter 10 Megabyte"],
      ["Whom do I call?", "Wer es beheben kann: Sie selbst"],
    ],
  },
  {
    name: "treasurer",
    language: "es",
    collected: "lhost-googlegroups-07",
    told: [["sender-not-allowed", "recipient"]],
    asks: [
      ["What happened?", "Solo algunas personas pueden escribir a esta dirección"],
      ["Did anyone on the list get it?", "El mensaje no se entregó"],
      ["But I am a member?", "desde la dirección con la que figura allí"],
      ["Whom do I ask?", "pida a quien administra esta dirección"],
      ["Do I send it again?", "Después envíe de nuevo el mensaje"],
    ],
  },
  {
    name: "secretary",
    language: "fr",
    collected: "rfc3464-34",
    told: [["server-unreachable", "nobody"]],
    asks: [
      ["What happened?", "était injoignable"],
      ["Does the clinic have it?", "n’a pas encore été remis"],
      ["Is it still on its way?", "les essais continuent"],
      ["Do I send it again?", "ne renvoyez pas le message"],
      ["It is urgent: what now?", "Si c’est urgent"],
      ["What do I tell the clinic?", "Donnez-lui alors aussi les détails techniques"],
      ["How do I learn that it failed?", "vous recevrez un autre avis"],
      ["Who has to act?", "Personne, cela passe avec le temps"],
    ],
  },
];

const folder = join(import.meta.dirname, "readers");
const writtenFor = (name: string): Buffer => readFileSync(join(folder, `${name}.eml`));

/** The explanation as a person sees it, each paragraph on a line of its own. */
function explained(bytes: Buffer, { name, language }: Reader) {
  const bounce = explainBounce(bytes, { language });
  const lines = drawExplained({ name, ...bounce }, { paint: (_, text) => text, width: 10_000, language });
  // spaces that do not break are told apart by printers only
  return { bounce, lines: lines.map((line) => line.replace(/^ +(?:\d\. )?/, "").replaceAll("\u00a0", " ")) };
}

function assertAnswered(bytes: Buffer, reader: Reader): void {
  const { bounce, lines } = explained(bytes, reader);
  assert.deepEqual(
    bounce.recipients.map(({ explanation: { cause, whoActs } }) => [cause, whoActs]),
    reader.told,
  );
  const open = reader.asks.filter(([, words]) => !lines.some((line) => line.includes(words)));
  assert.deepEqual(open, [], lines.join("\n"));
}

for (const reader of readers)
  test(`${reader.name}: each question is answered`, () => assertAnswered(writtenFor(reader.name), reader));

test("each written bounce has its reader", () => {
  const files = readdirSync(folder).map((file) => file.slice(0, -".eml".length));
  assert.deepEqual(files.toSorted(), readers.map(({ name }) => name).toSorted());
});

const collected = suite("bounces");

test("the same questions are answered of bounces that people received", { skip: collected.skip }, () => {
  for (const reader of readers) assertAnswered(collected.read(`mail/${reader.collected}.eml`), reader);
});

test("what has arrived is not said to have failed", () => {
  const editor = readers.find(({ name }) => name === "newsletter-editor")!;
  const { lines } = explained(writtenFor(editor.name), editor);
  for (const words of Object.values(textsIn("en").permanence)) assert.ok(!lines.includes(words), words);
});

test("steps fit what was only pasted: they speak of no notice, and forward none", () => {
  const words = /notice|forward|Mitteilung|Weiterleit|weiterleit|\bavis\b|[Tt]ransfére|aviso|[Rr]eenví|通知|転送/;
  for (const language of languages)
    for (const [name, text] of Object.entries(textsIn(language).steps)) assert.doesNotMatch(text, words, name);
});

test("docs/readers.md shows the bounces and the answers as they are", () => {
  const file = join(import.meta.dirname, "../../docs/readers.md");
  const page = readFileSync(file, "utf8");
  const shown = readers.reduce((text, reader) => withAnswers(text, reader), page);
  if (process.env["UPDATE"] === "1") writeFileSync(file, shown);
  assert.equal(readFileSync(file, "utf8"), shown, "rewrite with UPDATE=1 if this is wanted");
  for (const reader of readers) assertQuoted(page, reader);
});

/** The table under `<!-- answers: NAME -->` anew. */
function withAnswers(page: string, reader: Reader): string {
  const mark = `<!-- answers: ${reader.name} -->\n`;
  const start = page.indexOf(mark);
  assert.notEqual(start, -1, `docs/readers.md has no ${mark}`);
  const { lines } = explained(writtenFor(reader.name), reader);
  const rows = reader.asks.map(([question, words]) => {
    const answer = lines.find((line) => line.includes(words)) ?? "";
    return `| ${question} | ${answer.replaceAll("|", "\\|")} |\n`;
  });
  const rest = page.slice(start + mark.length).replace(/^(?:\|.*\n)*/, "");
  return `${page.slice(0, start)}${mark}| asked | answered |\n|---|---|\n${rows.join("")}${rest}`;
}

/** What the page shows of a bounce stands in it, line by line, what is left out apart. */
function assertQuoted(page: string, { name }: Reader): void {
  const [, quoted = ""] = new RegExp(`<!-- bounce: ${name} -->\n\`\`\`\n([^\`]*)\`\`\`\n`).exec(page) ?? [];
  const lines = quoted.split("\n").filter((line) => line !== "" && line !== "…");
  assert.ok(lines.length > 1, `docs/readers.md shows nothing of ${name}`);
  const whole = writtenFor(name).toString().split("\n");
  for (const line of lines) assert.ok(whole.includes(line), `${name}: ${line}`);
}
