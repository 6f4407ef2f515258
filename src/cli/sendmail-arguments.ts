// The command line of sendmail, as programs have used it since 1983.

export type SendmailRequest =
  | {
      readonly kind: "send";
      readonly recipients: readonly string[];
      /** -t: more recipients stand in To, Cc and Bcc. */
      readonly readRecipients: boolean;
      /** A line with only a dot ends the message; -i turns it off. */
      readonly dotEnds: boolean;
      /** As given; `<>` is the null reverse-path. */
      readonly sender?: string;
      readonly fullName?: string;
      readonly notify?: string;
      readonly ret?: string;
      readonly envid?: string;
      readonly configFile?: string;
    }
  | { readonly kind: "list"; readonly configFile?: string }
  | { readonly kind: "help" }
  /** `text` is a sentence. */
  | { readonly kind: "wrong"; readonly text: string };

/** Letters that take a value, attached or as the next argument; others may stand together: `-ti`. */
const valued = new Set("ABCFLNORVXbefhopr");

/** Value only if attached. */
const maybeValued = new Set("dq");

const flags = new Set("GUimntv");

/** Arguments without the program's name. */
export function parseSendmailArguments(argv: readonly string[]): SendmailRequest {
  const options = new Map<string, string>();
  const recipients: string[] = [];
  const rest = [...argv];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === "--help") return { kind: "help" };
    if (argument === "--") recipients.push(...rest.splice(0));
    else if (argument === "--config" || argument === "-c") options.set("C", rest.shift() ?? "");
    else if (!argument.startsWith("-") || argument === "-") recipients.push(argument);
    else {
      const problem = readLetters(argument, rest, options);
      if (problem !== undefined) return { kind: "wrong", text: problem };
    }
  }
  return requestOf(options, recipients);
}

/** One argument such as `-ti`, `-fann@example.org` or `-f`; the last takes its value from `rest`. */
function readLetters(argument: string, rest: string[], options: Map<string, string>): string | undefined {
  for (let at = 1; at < argument.length; at++) {
    const letter = argument[at]!;
    const attached = argument.slice(at + 1);
    if (flags.has(letter)) options.set(letter, "");
    else if (maybeValued.has(letter)) return void options.set(letter, attached);
    else if (valued.has(letter)) {
      const value = attached === "" ? rest.shift() : attached;
      if (value === undefined) return `-${letter} needs a value.`;
      options.set(letter === "o" && value === "i" ? "i" : letter, value); // -oi is -i; other -o say nothing to us
      return undefined;
    } else {
      const name = letter === "-" ? argument : `-${letter}`;
      return `${name} is not an option of sendmail that Waybill knows. See: waybill sendmail --help`;
    }
  }
  return undefined;
}

function requestOf(options: ReadonlyMap<string, string>, recipients: readonly string[]): SendmailRequest {
  const configFile = options.get("C");
  const mode = options.get("b") ?? "m";
  if (mode === "p" || options.has("q")) return { kind: "list", ...(configFile && { configFile }) };
  if (mode !== "m")
    return {
      kind: "wrong",
      text: `-b${mode} is not supported: Waybill's sendmail sends (-bm) or lists the queue (-bp).`,
    };
  const readRecipients = options.has("t");
  if (recipients.length === 0 && !readRecipients)
    return {
      kind: "wrong",
      text: "No recipients: name them as arguments, or use -t to take them from To, Cc and Bcc.",
    };
  const sender = options.get("f") ?? options.get("r");
  return {
    kind: "send",
    recipients: recipients.flatMap((text) => text.split(",").map((one) => one.trim())).filter((one) => one !== ""),
    readRecipients,
    dotEnds: !options.has("i"),
    ...(sender !== undefined && { sender }),
    ...optional("fullName", options.get("F")),
    ...optional("notify", options.get("N")),
    ...optional("ret", options.get("R")),
    ...optional("envid", options.get("V")),
    ...optional("configFile", configFile),
  };
}

const optional = <K extends string>(key: K, value: string | undefined): { [key in K]?: string } =>
  value === undefined ? {} : ({ [key]: value } as { [key in K]: string });
