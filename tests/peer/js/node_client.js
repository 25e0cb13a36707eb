"use strict";
/* node node_client.js ws|own CONFIG.json: the session with npm's ws or with Node's own WebSocket. Prints one JSON line. */
const fs = require("fs");
const { session } = require("./session.js");

/* What only ws can send: fragments of any size, pings with a payload. */
async function more(one) {
  const { ws } = one;
  let pong = null;
  ws.on("pong", (payload) => { pong = payload.toString(); one.wake(); });
  ws.ping("payload of a ping");
  await one.until(() => pong === "payload of a ping", "pong", 5);
  const text = Buffer.from("WAV_UPLOAD:分.wav:" + one.config.wav);
  for (let at = 0; at < text.length; at += 1000) {
    ws.send(text.subarray(at, at + 1000), { binary: false, fin: at + 1000 >= text.length });
    if (at === 3000) {
      ws.ping("between fragments");
    }
  }
  await one.expect("WAV_ACK:檔案上傳成功 (" + Buffer.from(one.config.wav, "base64").length + " 字節)");
  await one.until(() => pong === "between fragments", "pong between fragments", 5);
  ws.send("LIST_WAV");
  await one.expect("WAV_LIST_END:2");
  process.stdout.write("DONE\n"); /* the test may stop the server now */
}

async function main() {
  const config = JSON.parse(fs.readFileSync(process.argv[3], "utf8"));
  const own = process.argv[2] === "own";
  const WebSocketClass = own ? globalThis.WebSocket : require("ws");
  if (!own) {
    config.onDone = more;
  }
  const result = await session(WebSocketClass, config);
  process.stdout.write(JSON.stringify(result) + "\n");
}

main().then(() => process.exit(0), (error) => {
  process.stderr.write(String(error && error.stack || error) + "\n");
  process.exit(1);
});
