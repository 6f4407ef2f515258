// How a command ends: the codes of sysexits.h, which mail programs have always used, and 1 and 2 for a check.

export const exitCodes = {
  ok: 0,
  /** All was done, and what was checked is not in order. */
  checkFailed: 1,
  /** Of `check`: nothing is broken, but some servers will mind. */
  checkWarned: 2,
  usage: 64,
  badData: 65,
  notFound: 66,
  noSuchUser: 67,
  unavailable: 69,
  bug: 70,
  tryAgain: 75,
  noPermission: 77,
  badConfig: 78,
} as const;

/** A command cannot go on; `message` is a sentence for the person, empty when all is said already. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;

  constructor(exitCode: number, message = "") {
    super(message);
    this.exitCode = exitCode;
  }
}

export const exitCodesHelp = `
Exit codes:
   0  done
   1  what was checked is not in order
   2  of check: there are warnings, and nothing worse
  64  the command line is wrong
  65  the message is wrong
  66  there is no such message in the queue or the history
  67  a recipient was refused
  69  no Waybill is running, or it refused the message
  70  a fault in Waybill
  71  the server cannot start: its port or its data folder is not free, or may not be used
  75  not now: try again later; of sendmail, also that no Waybill is running
  77  the control socket belongs to another user
  78  the configuration is wrong`;
