// Python's smtplib and email package, which many scripts send their mail with.
import assert from "node:assert/strict";
import { test } from "node:test";
import { absent, runProgram } from "../support/programs.ts";
import { routeTo, runServer } from "../support/running-server.ts";
import { everyExtension, startSink, type Taken } from "../support/sink.ts";

const skip = absent("python3");

const script = `
import smtplib, ssl, sys
from email.message import EmailMessage
from email.policy import SMTPUTF8
plain, secure = int(sys.argv[1]), int(sys.argv[2])
trusting = ssl._create_unverified_context()

def message(subject, to):
    m = EmailMessage(policy=SMTPUTF8)
    m["From"], m["To"], m["Subject"] = "Me <me@python.test>", to, subject
    m.set_content("Gr\\u00fc\\u00dfe\\n.\\nfrom Python\\n", cte="8bit")
    return m

with smtplib.SMTP("127.0.0.1", plain, "python.test") as s:
    s.starttls(context=trusting)
    s.send_message(message("STARTTLS", "ann@sink.test"))
    s.send_message(message("second", "ann@sink.test, ben@sink.test"))
with smtplib.SMTP_SSL("127.0.0.1", secure, "python.test", context=trusting) as s:
    s.send_message(message("UTF-8", "j\\u00fcrgen@sink.test"))
    refused = s.sendmail("me@python.test", ["ann@sink.test", "not an address"], b"Subject: partly\\r\\n\\r\\n")
    assert refused["not an address"][0] == 501, refused
    try:
        s.sendmail("me@python.test", ["ann@sink.test"], b"x" * 70000)
        raise SystemExit("the size was not refused")
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as e:
        assert e.smtp_code == 552, e
`;

test("smtplib: TLS, 8-bit text, UTF-8 addresses, refusals", { skip }, async () => {
  await using sink = await startSink({ offers: everyExtension });
  const listen = [{ address: "127.0.0.1:0" }, { address: "127.0.0.1:0", tls: "implicit" as const }];
  const settings = { listen, route: [routeTo(sink.port)], receive: { max_message_size: "64KB" } };
  await using server = await runServer(settings);
  const { code, stderr } = await runProgram("python3", ["-", ...server.ports.map(String)], { input: script });
  assert.equal(code, 0, stderr);
  await sink.taken.count(4);
  const of = (subject: string): Taken =>
    sink.taken.all.find(({ content }) => content.includes(`\r\nSubject: ${subject}\r\n`)) ?? assert.fail(subject);
  assert.match(of("STARTTLS").mail, / BODY=8BITMIME/);
  assert.match(of("STARTTLS").content.toString(), /\r\n\r\nGrüße\r\n\.\r\nfrom Python\r\n$/);
  assert.equal(of("second").rcpts.length, 2);
  assert.match(of("UTF-8").mail, / SMTPUTF8/);
  assert.deepEqual(of("UTF-8").rcpts, ["RCPT TO:<jürgen@sink.test>"]);
  assert.deepEqual(of("partly").rcpts, ["RCPT TO:<ann@sink.test>"]);
});
