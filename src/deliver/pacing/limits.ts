// Every number of pacing, with its reason.

const minuteMs = 60_000;

export const pacingLimits = {
  firstWindow: 5, // connections to a site of which nothing is known; doubles with each round of good answers
  firstPerMinute: 10, // messages at least, when a site first complains of our rate
  slowestPerMinute: 1, // messages: less would be no delivery at all
  fastestPerMinute: 6_000, // a rate that has grown so far is no limit any more
  rateGrowth: 0.1, // messages per minute more for each that is taken: a tenth more in a minute
  burstMs: 2_000, // of the rate may go at once
  lineMs: 10_000, // of the rate may wait in memory for their turn; others are due again later
  firstClosedMs: 50_000, // shorter than the first wait between attempts (1 min less a tenth), so that one message keeps its schedule
  longestClosedMs: 30 * minuteMs,
  stoppedMs: 5 * minuteMs, // first time for a site that wants nothing from us for a while
  probeMs: 5 * minuteMs, // a probe that takes longer is late, and another may go
  probeAgainMs: 30_000, // who finds a probe under way comes back after so long
  triedKept: 100, // addresses of a closed site that need not be tried again
  suspendedMs: 60 * minuteMs, // how often mail for a suspended site is looked at, for its notices
  bookedMs: 60 * minuteMs, // mail beyond a rate is due again at the latest so much later
  forgetMs: 24 * 60 * minuteMs, // what was learnt is forgotten so long after the last trouble
  inHandPerSite: 1_000, // deliveries of one site in hand: beyond, the worker claims others first
  sites: 10_000, // known at once; the longest unused of which nothing is learnt goes first
  domainsPerSite: 1_000, // remembered of one site
  domainsKept: 100, // of those, across a restart
  saveMs: 30_000, // between two writings of what was learnt
  leaseMs: 30_000, // of a share of the connections that all nodes may hold
  renewMs: 10_000, // before it ends, at this pace
} as const;
