// What can be found out about a sender. The thread and the commands call these three; each takes the resolver to ask.
export { evaluateContent, type ContentKnown } from "./content.ts";
export { evaluateIprev } from "./iprev.ts";
export { evaluateSpf, type SpfQuestion } from "./spf.ts";
