/** Of connections to a site, between threads: they ask in memory, so often that what one gives back is soon another's. */
export const shareTimes = { leaseMs: 2_000, renewMs: 250 } as const;
