// Tables of the system, as Linux writes them on machines with the usual order of bytes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSockets } from "./sockets.ts";

const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:09DD 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0
   1: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 100 0 0 10 0
   2: 0100007F:09DD 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 4713 1 0000000000000000 100 0 0 10 0
`;
const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4714 1
   1: B80D0120000000000000000001000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 4715 1
`;

test("sockets that listen, and nothing else", () => {
  assert.deepEqual(parseSockets(tcp), [
    { address: "127.0.0.1", port: 2525, uid: 1000, inode: "4711" },
    { address: "0.0.0.0", port: 25, uid: 0, inode: "4712" },
  ]);
  assert.deepEqual(parseSockets(tcp6), [
    { address: "::1", port: 80, uid: 0, inode: "4714" },
    { address: "2001:db8::1", port: 443, uid: 33, inode: "4715" },
  ]);
  assert.deepEqual(parseSockets(""), []);
});
