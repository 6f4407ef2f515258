// Who was told the address of the person on the way: mail apps tell it to whoever might have settings.
import type { Fetched, Web } from "../net/web.ts";

export interface Heard {
  readonly web: Web;
  readonly hosts: ReadonlySet<string>;
}

/** Who does not answer in time may have heard it, too. */
const wasHeard = (fetched: Fetched): boolean => fetched.kind === "answered" || fetched.problem === "timeout";

/** `localPart`: what of the address says who it is. */
export function hearing(web: Web, localPart: string): Heard {
  const hosts = new Set<string>();
  const tells = (text: string): boolean => text.includes(localPart) || text.includes(encodeURIComponent(localPart));
  return {
    hosts,
    web: {
      async get(url, limit) {
        const fetched = await web.get(url, limit);
        if (wasHeard(fetched) && tells(new URL(url).search)) hosts.add(new URL(url).host);
        return fetched;
      },
      async post(url, body, limit) {
        const fetched = await web.post(url, body, limit);
        if (wasHeard(fetched) && tells(body.text)) hosts.add(new URL(url).host);
        return fetched;
      },
    },
  };
}
