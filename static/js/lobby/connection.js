// A socket that reconnects automatically. client.js uses it.

/**
 * @typedef {"idle"|"connecting"|"live"|"waiting"|"ended"} State
 * @typedef {{state: State, reason: string, code: number, retryAt: number|null}} StateDetail
 *   `reason` is a sentence for people, `code` the close code or 0, and `retryAt` the time of the next
 *   attempt, in milliseconds since 1970 by the clock of this machine.
 * @typedef {{type: string, version: number, data: any, re?: string}} Message
 */

export const SUBPROTOCOL = "tribehold.v1";

const MIN_DELAY = 100; // milliseconds, doubled with each try
const MAX_DELAY = 5_000;
const STABLE_AFTER = 5_000; // a connection that lasted this long resets the delay
const OPEN_TIMEOUT = 10_000; // for opening a connection
const SILENCE_TIMEOUT = 25_000; // without a message, after which the connection counts as lost
const PROBE_TIMEOUT = 4_000; // for the reply to a probe
export const UNAUTHORIZED = 4401;
const CHECK_INTERVAL = 2_500; // between checks of the silence timeout

/**
 * Close codes after which the client does not reconnect, with the reason for people.
 * @type {Record<number, string>}
 */
export const FINAL_CLOSES = {
  1002: "A message was not valid.",
  1007: "A message was not valid.",
  1009: "A message was too large.",
  4400: "This page is outdated. Reload it.",
  4401: "You are signed out. Sign in again to return.",
  4403: "You were removed from this lobby, and can't come back.",
  4404: "You have no seat in this lobby any more.",
  4409: "This lobby is open in another tab.",
};
/**
 * Close codes after which the client reconnects, with the reason. All other codes are LOST.
 * @type {Record<number, string>}
 */
export const RETRIED_CLOSES = {
  1012: "The server is restarting.",
  4408: "The server received nothing from you for too long.",
  4429: "Too many connections or messages.",
};
const LOST = "The connection is lost.";

/**
 * A connection that reconnects automatically. Both clients of client.js extend it.
 *
 * @fires Connection#state with a StateDetail
 */
export class Connection extends EventTarget {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Record<string, ReturnType<typeof setTimeout> | undefined>} */
  #timers = {};
  #attempts = 0;
  #receivedAt = 0;
  #openedAt = 0;
  #isListening = false;
  /** @type {State} */
  state = "idle";
  /** The newest version that was received; -1 before the first. */
  version = -1;

  /**
   * @param {string|URL} address of the socket: ws: or wss:
   * @param {{maxDelay?: number}} options `maxDelay`: the longest delay between two attempts in milliseconds
   */
  constructor(address, { maxDelay = MAX_DELAY } = {}) {
    super();
    this.address = address;
    this.maxDelay = maxDelay;
  }

  /**
   * Calls a listener with the detail of each event of a name.
   * @param {string} name
   * @param {(detail: any) => void} listener
   */
  on(name, listener) {
    this.addEventListener(name, (event) => listener(/** @type {CustomEvent} */ (event).detail));
  }

  /** Connects, and reconnects until `close` or until a close code is final. */
  open() {
    if (!["idle", "ended"].includes(this.state)) return;
    this.#attempts = 0;
    this.#listenToWindow(true);
    this.#connect();
  }

  /** Disconnects, until `open` is called. */
  close() {
    this.#end(0, "");
  }

  /** Reconnects at once instead of waiting. Probes a live connection. */
  retryNow() {
    if (this.state === "waiting") this.#connect();
    else if (this.state === "live") this.#probe();
  }

  // ---- For subclasses --------------------------------------------------------------------------

  /** Fetches what the connection needs before it opens. @protected */
  async prepare() {}

  /** Called when the connection is open. @protected */
  onOpen() {}

  /** Called for each message. @protected @param {Message} message */
  onMessage(message) {
    void message;
  }

  /** Called at the end, when pending replies will not arrive. @protected @param {string} reason */
  onEnd(reason) {
    void reason;
  }

  /** Sets the newest version. @protected @param {number} version */
  setVersion(version) {
    this.version = version;
  }

  /** Sets the state to live: the server has accepted the client. @protected */
  setLive() {
    if (this.state !== "live") this.#setState("live", "");
  }

  /** @protected @param {object} message */
  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** @protected @param {string} name @param {unknown} detail */
  emit(name, detail) {
    this.dispatchEvent(Object.assign(new Event(name), { detail }));
  }

  // ---- Connecting ------------------------------------------------------------------------------

  async #connect() {
    clearTimeout(this.#timers.retry);
    this.#setState("connecting", this.#attempts ? "Connecting again." : "Connecting.");
    let socket;
    try {
      await this.prepare();
      if (this.state !== "connecting") return;
      socket = this.#socket = new WebSocket(this.address, SUBPROTOCOL);
    } catch (error) {
      const { final, detail, message } = /** @type {Error & {final?: boolean, detail?: string}} */ (error);
      if (final) this.#end(0, detail ?? message);
      else this.#wait(0, LOST);
      return;
    }
    /**
     * Returns a listener that ignores events of former sockets.
     * @template {Event} E
     * @param {(event: E) => void} listener
     * @returns {(event: E) => void}
     */
    const whileCurrent = (listener) => (event) => {
      if (socket === this.#socket) listener(event);
    };
    this.#openedAt = this.#receivedAt = Date.now();
    this.#timers.opening = setTimeout(() => this.#handleClose(1006), OPEN_TIMEOUT);
    socket.onopen = whileCurrent(() => {
      clearTimeout(this.#timers.opening);
      this.#timers.silence = setInterval(() => this.#checkSilence(SILENCE_TIMEOUT), CHECK_INTERVAL);
      this.onOpen();
    });
    socket.onmessage = whileCurrent((event) => this.#receive(event.data));
    socket.onclose = whileCurrent((event) => this.#handleClose(event.code));
  }

  /** @param {string} text */
  #receive(text) {
    this.#receivedAt = Date.now();
    clearTimeout(this.#timers.probe);
    this.#timers.probe = undefined;
    const message = JSON.parse(text);
    // The server requests a ping. The client has no timer for pings, because browsers slow down timers of
    // hidden tabs.
    if (message.type === "pong" && message.data.asks) this.ping();
    this.onMessage(message);
  }

  /**
   * Returns whether to reconnect once after a close code that is normally final. A sign-in that ended may
   * have been renewed meanwhile, for example by a new password.
   * @protected
   * @param {number} code
   */
  mayRetry(code) {
    return code === UNAUTHORIZED && this.state === "live";
  }

  /** Sends a ping. The reply has the current version. */
  ping() {
    this.send({ type: "ping", id: "ping", data: {} });
  }

  /** @param {number} timeout */
  #checkSilence(timeout) {
    if (Date.now() - this.#receivedAt > timeout) this.#handleClose(1006);
  }

  /** Checks a connection that may be broken, for example after sleep or a change of the network. */
  #probe() {
    this.ping();
    this.#timers.probe ??= setTimeout(() => this.#handleClose(1006), PROBE_TIMEOUT);
  }

  /** @param {number} code */
  #handleClose(code) {
    this.#discardSocket();
    if (this.state === "ended") return;
    if (code in FINAL_CLOSES && !this.mayRetry(code)) return this.#end(code, FINAL_CLOSES[code]);
    if (Date.now() - this.#openedAt > STABLE_AFTER && this.state === "live") this.#attempts = 0;
    this.#wait(code, RETRIED_CLOSES[code] ?? LOST);
  }

  /**
   * Reconnects after a random delay, so that not all clients of a restarted server reconnect at once.
   * @param {number} code
   * @param {string} reason
   */
  #wait(code, reason) {
    const maxDelay = Math.min(this.maxDelay, MIN_DELAY * 2 ** this.#attempts);
    const wait = Math.random() * maxDelay;
    this.#attempts += 1;
    this.#timers.retry = setTimeout(() => this.#connect(), wait);
    this.#setState("waiting", reason, code, Date.now() + wait);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #end(code, reason) {
    this.#listenToWindow(false);
    clearTimeout(this.#timers.retry);
    if (this.state === "ended") return;
    this.#setState("ended", reason, code);
    this.#discardSocket();
    this.onEnd(reason);
  }

  /** Discards the socket without waiting for its close event, which may take long without a network. */
  #discardSocket() {
    for (const name of ["opening", "probe"]) clearTimeout(this.#timers[name]);
    clearInterval(this.#timers.silence);
    this.#timers.probe = undefined;
    const socket = this.#socket;
    this.#socket = null;
    // A socket that is still opening is closed later, because browsers would log an error.
    if (socket?.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
    else socket?.close();
  }

  /**
   * @param {State} state
   * @param {string} reason
   * @param {number} [code]
   * @param {number | null} [retryAt]
   */
  #setState(state, reason, code = 0, retryAt = null) {
    this.state = state;
    this.emit("state", { state, reason, code, retryAt });
  }

  /** @param {boolean} on */
  #listenToWindow(on) {
    if (on === this.#isListening || !globalThis.window) return;
    this.#isListening = on;
    const change = on ? "addEventListener" : "removeEventListener";
    for (const name of ["online", "offline", "pageshow"]) window[change](name, this.#onReturn);
    document[change]("visibilitychange", this.#onReturn);
  }

  #onReturn = () => {
    if (document.visibilityState === "visible") this.retryNow();
  };
}
