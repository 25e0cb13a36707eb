"use strict";
/* One whole session over the WebSocket API of browsers; npm's ws and Node's own client have the same API.
 * session(WebSocket, config) gives {texts, closed} or rejects with what went wrong.
 * config: url, protocols, target, name, wav (base64), audio (hex of the mu-law octets in the file), waitClose. */

function hexOf(octets) {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/* The payload of an RTP packet without header extension, as hex. */
function payloadOf(octets) {
  if (octets.length < 12 || octets[0] >> 6 !== 2) {
    throw new Error("not RTP: " + hexOf(octets.slice(0, 12)));
  }
  return hexOf(octets.slice(12 + 4 * (octets[0] & 15)));
}

class Session {
  constructor(WebSocketClass, config) {
    this.config = config;
    this.texts = [];
    this.next = 0;
    this.heard = "";
    this.packets = { text: 0, binary: 0 };
    this.waiters = [];
    this.closed = null;
    this.opened = false;
    this.problem = null;
    this.ws = new WebSocketClass(config.url, config.protocols || []);
    this.ws.binaryType = "arraybuffer";
    this.ws.onopen = () => { this.opened = true; this.wake(); };
    this.ws.onerror = () => {};
    this.ws.onclose = (event) => {
      this.closed = { code: event.code, clean: event.wasClean, opened: this.opened };
      this.wake();
    };
    this.ws.onmessage = (event) => {
      try {
        this.take(event.data);
      } catch (error) {
        this.problem = error;
      }
      this.wake();
    };
  }

  take(data) {
    if (typeof data !== "string") {
      this.packets.binary++;
      this.heard += payloadOf(new Uint8Array(data));
    } else if (data.startsWith("RTP:")) {
      this.packets.text++;
      if (!/^RTP:([0-9A-F]{2})+$/.test(data)) {
        throw new Error("not upper-case hex: " + data.slice(0, 60));
      }
      this.heard += payloadOf(Uint8Array.from(data.slice(4).match(/../g), (pair) => parseInt(pair, 16)));
    } else {
      this.texts.push(data);
    }
  }

  wake() {
    this.waiters.splice(0).forEach((waiter) => waiter());
  }

  /* Until condition() is true; the connection may not close meanwhile. */
  async until(condition, what, seconds = 30) {
    const deadline = Date.now() + seconds * 1000;
    while (!condition()) {
      if (this.problem) {
        throw this.problem;
      }
      if (this.closed && !what.startsWith("close")) {
        throw new Error("closed (" + JSON.stringify(this.closed) + ") while waiting for " + what);
      }
      const left = deadline - Date.now();
      if (left <= 0) {
        throw new Error("no " + what + "; got " + JSON.stringify(this.texts.slice(-8)) + JSON.stringify(this.packets));
      }
      await new Promise((resolve) => {
        this.waiters.push(resolve);
        setTimeout(resolve, Math.min(left, 200));
      });
    }
  }

  async expect(text) {
    let found = -1;
    await this.until(() => {
      found = this.texts.findIndex((one, i) => i >= this.next && (one === text || one.startsWith(text + ":")));
      return found >= 0;
    }, text);
    this.next = found + 1;
    return this.texts[found];
  }

  async play() {
    this.heard = "";
    this.ws.send("PLAY_WAV:" + this.config.name);
    await this.expect("WAV_ACK:開始播放檔案 " + this.config.name);
    await this.expect("WAV_DONE:" + this.config.name);
    await this.until(() => this.heard.includes(this.config.audio), "echo, byte for byte", 10);
  }

  async run() {
    const { config, ws } = this;
    await this.until(() => this.opened, "open", 15);
    if ((config.protocols || []).length > 0 && ws.protocol !== config.expectProtocol) {
      throw new Error("subprotocol " + ws.protocol);
    }
    ws.send("WAV_UPLOAD:" + config.name + ":" + config.wav);
    await this.expect("WAV_ACK:檔案上傳成功 (" + atob(config.wav).length + " 字節)");
    ws.send("CALL:" + config.target);
    for (const state of ["trying", "ringing", "established"]) {
      await this.expect("CALL_STATE:" + state);
    }
    await this.play();
    if (this.packets.text === 0 || this.packets.binary !== 0) {
      throw new Error("hex expected: " + JSON.stringify(this.packets));
    }
    ws.send("MEDIA:rtp");
    await this.expect("MEDIA:rtp");
    const before = this.packets.text;
    await this.play();
    if (this.packets.text !== before || this.packets.binary === 0) {
      throw new Error("binary expected: " + JSON.stringify(this.packets));
    }
    ws.send("LIST_WAV");
    await this.expect("WAV_LIST:" + config.name);
    await this.expect("WAV_LIST_END:1");
    ws.send("NO_SUCH_VERB");
    await this.expect("ERROR:NO_SUCH_VERB:unknown_verb");
    ws.send("HANGUP");
    await this.expect("CALL_STATS");
    await this.expect("CALL_STATE:ended:200");
  }

  async end() {
    if (!this.config.waitClose) {
      this.ws.close(1000, "bye");
    }
    await this.until(() => this.closed, "close");
    return { texts: this.texts, packets: this.packets, closed: this.closed };
  }
}

async function session(WebSocketClass, config) {
  const one = new Session(WebSocketClass, config);
  await one.run();
  if (config.onDone) {
    await config.onDone(one);
  }
  return one.end();
}

/* Only whether the door opens: {opened, code}. */
async function knock(WebSocketClass, config) {
  const one = new Session(WebSocketClass, config);
  await one.until(() => one.opened || one.closed, "close or open", 15);
  if (one.opened) {
    one.ws.close(1000);
  }
  await one.until(() => one.closed, "close", 15);
  return one.closed;
}

if (typeof module !== "undefined") {
  module.exports = { Session, session, knock };
}
