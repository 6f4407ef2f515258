// A request to a web server on loopback, by any name: what it answers, and with which certificate.
import { once } from "node:events";
import { request as requestPlain, type ClientRequest, type IncomingMessage } from "node:http";
import { request as requestSecured, type RequestOptions } from "node:https";
import { text } from "node:stream/consumers";
import type { TLSSocket } from "node:tls";

export interface Asked {
  readonly port: number;
  /** The name that is asked for, in the Host field and in SNI. */
  readonly host: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** PEM of the authority that is trusted; without it, plain HTTP. */
  readonly authority?: string;
  readonly localAddress?: string;
  /** No name is said in SNI, and no certificate refused. */
  readonly isNameless?: true;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Names in the certificate: "DNS:a.example, DNS:b.example". */
  readonly names: string;
}

/** Rejects when the connection fails, or the certificate is not for the name. */
export async function ask({
  port,
  host,
  path,
  method = "GET",
  headers = {},
  body = "",
  ...tls
}: Asked): Promise<Answered> {
  const { authority, isNameless, localAddress } = tls;
  const options: RequestOptions = {
    host: "127.0.0.1",
    port,
    path,
    method,
    agent: false,
    headers: {
      host,
      ...(body !== "" && !("transfer-encoding" in headers) && { "content-length": String(Buffer.byteLength(body)) }),
      ...headers,
    },
    ...(isNameless ? { servername: "", rejectUnauthorized: false } : { servername: host }),
    ...(localAddress !== undefined && { localAddress }),
    ...(authority !== undefined && { ca: authority }),
  };
  const request: ClientRequest = authority === undefined ? requestPlain(options) : requestSecured(options);
  request.on("error", () => {}); // a server that has answered need not read on
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const { subjectaltname = "" } = authority === undefined ? {} : (response.socket as TLSSocket).getPeerCertificate();
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: await text(response),
    names: subjectaltname,
  };
}
