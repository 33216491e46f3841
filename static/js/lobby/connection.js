// A socket of the live lobby that reconnects by itself; client.js builds on it.

/**
 * @typedef {"idle"|"connecting"|"live"|"waiting"|"ended"} State
 * @typedef {{state: State, reason: string, code: number, retryAt: number|null}} StateDetail
 *   `reason` is a sentence for people; `code` that of the close, 0 without one; `retryAt` when the next
 *   try is, in milliseconds since 1970 by this machine's clock.
 * @typedef {{type: string, version: number, data: any, re?: string}} Message
 */

export const SUBPROTOCOL = "tribehold.v1";

const MIN_DELAY = 100; // milliseconds, doubled with each try
const MAX_DELAY = 5_000;
const STABLE_AFTER = 5_000; // a connection that lasted this long begins the doubling anew
const OPEN_TIMEOUT = 10_000; // a connection that is not open by then will not be
const SILENCE_TIMEOUT = 25_000; // nothing heard for that long: the connection is lost
const PROBE_TIMEOUT = 4_000; // how soon an answer must come when a connection is doubted
export const UNAUTHORIZED = 4401;
const CHECK_INTERVAL = 2_500; // how often it is asked whether something was heard

/**
 * Closes after which the same client need not come back, and why, in words for people.
 * @type {Record<number, string>}
 */
export const FINAL_CLOSES = {
  1009: "A message was too large.",
  4400: "This page is outdated. Reload it.",
  4401: "You are signed out. Sign in again to return.",
  4403: "You were removed from this lobby, and can't come back.",
  4404: "You have no seat in this lobby any more.",
  4409: "This lobby is open in another tab.",
};
/**
 * Closes after which it reconnects, and why. All that are named neither here nor there are LOST.
 * @type {Record<number, string>}
 */
export const RETRIED_CLOSES = {
  1012: "The server is restarting.",
  4408: "The server received nothing from you for too long.",
  4429: "Too many connections or messages.",
};
const LOST = "The connection is lost.";

/**
 * A connection that reconnects by itself. Both clients of client.js build on it; it knows no lobbies.
 *
 * @fires Connection#state with a StateDetail
 */
export class Connection extends EventTarget {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Record<string, ReturnType<typeof setTimeout> | undefined>} */
  #timers = {};
  #attempts = 0;
  #heardAt = 0;
  #openedAt = 0;
  #listening = false;
  /** @type {State} */
  state = "idle";
  /** The newest version that was heard of; -1 before. */
  version = -1;

  /**
   * @param {string|URL} address of the socket: ws: or wss:
   * @param {{maxDelay?: number}} options `maxDelay`: milliseconds between tries at the most
   */
  constructor(address, { maxDelay = MAX_DELAY } = {}) {
    super();
    this.address = address;
    this.maxDelay = maxDelay;
  }

  /**
   * Calls back with the detail of each event of a name.
   * @param {string} name
   * @param {(detail: any) => void} listener
   */
  on(name, listener) {
    this.addEventListener(name, (event) => listener(/** @type {CustomEvent} */ (event).detail));
  }

  /** Connects, and stays connected until `close` or until the server says that it is over. */
  open() {
    if (!["idle", "ended"].includes(this.state)) return;
    this.#attempts = 0;
    this.#listen(true);
    this.#connect();
  }

  /** Ends for good, or until `open`. */
  close() {
    this.#end(0, "");
  }

  /** Tries at once instead of waiting; doubts a connection that seems alive. */
  retryNow() {
    if (this.state === "waiting") this.#connect();
    else if (this.state === "live") this.#doubt();
  }

  // ---- For the classes below -------------------------------------------------------------------

  /** Asks for what the connection needs before it opens. @protected */
  async prepare() {}

  /** The connection is open. @protected */
  greet() {}

  /** A message came. @protected @param {Message} message */
  take(message) {
    void message;
  }

  /** It is over: nothing more will be answered. @protected @param {string} reason */
  over(reason) {
    void reason;
  }

  /** Notes the newest version. @protected @param {number} version */
  heardVersion(version) {
    this.version = version;
  }

  /** Notes that the server has welcomed us. @protected */
  welcomed() {
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

  // ---- Coming and going ------------------------------------------------------------------------

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
     * Calls back while the socket is still the one in use.
     * @template {Event} E
     * @param {(event: E) => void} act
     * @returns {(event: E) => void}
     */
    const whileCurrent = (act) => (event) => {
      if (socket === this.#socket) act(event);
    };
    this.#openedAt = this.#heardAt = Date.now();
    this.#timers.opening = setTimeout(() => this.#lose(1006), OPEN_TIMEOUT);
    socket.onopen = whileCurrent(() => {
      clearTimeout(this.#timers.opening);
      this.#timers.heard = setInterval(() => this.#listenFor(SILENCE_TIMEOUT), CHECK_INTERVAL);
      this.greet();
    });
    socket.onmessage = whileCurrent((event) => this.#hear(event.data));
    socket.onclose = whileCurrent((event) => this.#lose(event.code));
  }

  /** @param {string} text */
  #hear(text) {
    this.#heardAt = Date.now();
    clearTimeout(this.#timers.probe);
    this.#timers.probe = undefined;
    const message = JSON.parse(text);
    // Asked for a sign of life. Answered here, since browsers slow the timers of hidden tabs down.
    if (message.type === "pong" && message.data.asks) this.ping();
    this.take(message);
  }

  /**
   * Whether to come back, this once, after a close that ends it as a rule. A sign-in that ended may have
   * been renewed meanwhile, as by a new password: one try shows that.
   * @protected
   * @param {number} code
   */
  forgives(code) {
    return code === UNAUTHORIZED && this.state === "live";
  }

  /** Says that we live; the answer tells the current version. */
  ping() {
    this.send({ type: "ping", id: "ping", data: {} });
  }

  /** @param {number} patience */
  #listenFor(patience) {
    if (Date.now() - this.#heardAt > patience) this.#lose(1006);
  }

  /** After sleep, or where the network changed, a dead connection looks like a silent one. */
  #doubt() {
    this.ping();
    this.#timers.probe ??= setTimeout(() => this.#lose(1006), PROBE_TIMEOUT);
  }

  /** @param {number} code */
  #lose(code) {
    this.#drop();
    if (this.state === "ended") return;
    if (code in FINAL_CLOSES && !this.forgives(code)) return this.#end(code, FINAL_CLOSES[code]);
    if (Date.now() - this.#openedAt > STABLE_AFTER && this.state === "live") this.#attempts = 0;
    this.#wait(code, RETRIED_CLOSES[code] ?? LOST);
  }

  /**
   * Waits by chance, so that clients of a server that restarts don't all come at once.
   * @param {number} code
   * @param {string} reason
   */
  #wait(code, reason) {
    const most = Math.min(this.maxDelay, MIN_DELAY * 2 ** this.#attempts);
    const wait = Math.random() * most;
    this.#attempts += 1;
    this.#timers.retry = setTimeout(() => this.#connect(), wait);
    this.#setState("waiting", reason, code, Date.now() + wait);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #end(code, reason) {
    this.#listen(false);
    clearTimeout(this.#timers.retry);
    if (this.state === "ended") return;
    this.#setState("ended", reason, code);
    this.#drop();
    this.over(reason);
  }

  /** Forgets the socket; its own end may take long to be noticed where the network is gone. */
  #drop() {
    for (const name of ["opening", "probe"]) clearTimeout(this.#timers[name]);
    clearInterval(this.#timers.heard);
    this.#timers.probe = undefined;
    const socket = this.#socket;
    this.#socket = null;
    // One that is still opening is closed once it is open: browsers complain about the other.
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
  #listen(on) {
    if (on === this.#listening || !globalThis.window) return;
    this.#listening = on;
    const change = on ? "addEventListener" : "removeEventListener";
    for (const name of ["online", "offline", "pageshow"]) window[change](name, this.#onReturn);
    document[change]("visibilitychange", this.#onReturn);
  }

  #onReturn = () => {
    if (document.visibilityState === "visible") this.retryNow();
  };
}
