// Times that processes of a benchmark compare.

/** Milliseconds of a clock that all processes of a machine share. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** A recipient's message at its next hop. */
export interface Arrival {
  readonly to: string;
  readonly at: number;
}
