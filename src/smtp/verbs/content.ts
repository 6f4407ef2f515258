// The message itself: DATA and BDAT. RFC 5321 §4.1.1.4, RFC 3030.
import type { CommandOf } from "../command.ts";
import { limits } from "../limits.ts";
import { type Reply, reply } from "../../mail/reply.ts";
import type { Known, Next, Rules, Transaction } from "../rule.ts";
import { answer, outOfSequence } from "./answer.ts";

/** The transaction, if it is ready for content; else what is missing. */
function ready(transaction: Transaction | undefined): Transaction | Reply {
  if (transaction === undefined) return outOfSequence("send MAIL FROM and RCPT TO first").reply;
  if (transaction.recipients.length > 0) return transaction;
  return transaction.refusedRecipients > 0
    ? reply(554, "5.5.1", "no valid recipients; all were refused")
    : outOfSequence("send RCPT TO first").reply;
}

function checkData({ transaction }: Known): Next {
  const to = ready(transaction);
  if ("code" in to) return { kind: "answer", reply: to };
  // RFC 3030 §2: DATA and BDAT do not mix; §3: DATA cannot carry binary content
  if (to.content !== undefined) return outOfSequence("content has begun with BDAT; go on with BDAT, or send RSET");
  if (to.origin.bodyType === "binarymime") return outOfSequence("BODY=BINARYMIME needs BDAT instead of DATA");
  return { kind: "read-data", transaction: to };
}

function checkBdat({ sizeBytes, last }: CommandOf<"BDAT">, { settings, transaction }: Known): Next {
  const { maxMessageBytes } = settings;
  if (sizeBytes <= maxMessageBytes + limits.drainBytes)
    return { kind: "read-chunk", sizeBytes, last, to: ready(transaction) };
  const text = `message larger than the limit of ${maxMessageBytes} bytes; closing`;
  return { kind: "close", reply: answer(552, "5.3.4", text).reply };
}

export const content: Pick<Rules, "DATA" | "BDAT"> = {
  DATA: { check: (_, known) => checkData(known) },
  BDAT: { check: checkBdat },
};
