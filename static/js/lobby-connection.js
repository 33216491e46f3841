// A socket of the live lobby that comes back by itself; lobby-client.js stands on it.

/**
 * @typedef {"idle"|"connecting"|"live"|"waiting"|"ended"} State
 * @typedef {{state: State, reason: string, code: number, retryAt: number|null}} StateDetail
 *   `reason` is a sentence for people; `code` that of the close, 0 without one; `retryAt` when the next
 *   try is, in milliseconds since 1970 by this machine's clock.
 * @typedef {{type: string, version: number, data: Object, re?: string}} Message
 */

export const SUBPROTOCOL = "tribehold.v1";

const SOONEST = 100; // milliseconds, doubled with each try
const SLOWEST = 5_000;
const STEADY = 5_000; // a connection that lasted this long begins the doubling anew
const OPENING = 10_000; // a connection that is not open by then will not be
const DEAF = 25_000; // nothing heard for that long: the connection is lost
const PROBE = 4_000; // how soon an answer must come when a connection is doubted
export const NOT_LET_IN = 4401;
const LISTEN = 2_500; // how often it is asked whether something was heard

/** Closes after which the same client need not come back, and why, in words for people. */
export const ENDS = {
  1009: "A message was too large.",
  4400: "This client and the server don't understand each other. Reload the page.",
  4401: "You are signed out. Sign in again to return.",
  4403: "You were removed from this lobby, and can't come back.",
  4404: "You have no seat in this lobby any more.",
  4409: "This lobby is open in another tab.",
};
/** Closes after which it comes back, and why. All that are named neither here nor there are LOST. */
export const COMES_BACK = {
  1012: "The server restarts.",
  4408: "The server did not hear from you.",
  4429: "Too many connections or messages.",
};
const LOST = "The connection is lost.";

/**
 * A connection that comes back by itself. Both clients below stand on it; it knows no lobbies.
 *
 * @fires Connection#state with a StateDetail
 */
export class Connection extends EventTarget {
  #socket = null;
  #timers = {};
  #attempts = 0;
  #heardAt = 0;
  #openedAt = 0;
  #listening = false;

  /**
   * @param {string|URL} address of the socket: ws: or wss:
   * @param {{slowest?: number}} options `slowest`: milliseconds between tries at the most
   */
  constructor(address, { slowest = SLOWEST } = {}) {
    super();
    this.address = address;
    this.slowest = slowest;
    /** @type {State} */
    this.state = "idle";
    /** The newest version that was heard of; -1 before. */
    this.version = -1;
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
  hurry() {
    if (this.state === "waiting") this.#connect();
    else if (this.state === "live") this.#doubt();
  }

  // ---- For the classes below -------------------------------------------------------------------

  /** Asks for what the connection needs before it opens. @protected */
  async prepare() {}

  /** The connection is open. @protected */
  greet() {}

  /** A message came. @protected @param {Message} message */
  take(message) {}

  /** It is over: nothing more will be answered. @protected */
  over(reason) {}

  /** Tells that the server has welcomed us. @protected */
  welcomed() {
    if (this.state !== "live") this.#tell("live", "");
  }

  /** @protected */
  send(message) {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  /** @protected */
  emit(name, detail) {
    this.dispatchEvent(Object.assign(new Event(name), { detail }));
  }

  // ---- Coming and going ------------------------------------------------------------------------

  async #connect() {
    clearTimeout(this.#timers.retry);
    this.#tell("connecting", this.#attempts ? "Connecting again." : "Connecting.");
    let socket;
    try {
      await this.prepare();
      if (this.state !== "connecting") return;
      socket = this.#socket = new WebSocket(this.address, SUBPROTOCOL);
    } catch (error) {
      if (error.final) this.#end(0, error.detail ?? error.message);
      else this.#wait(0, LOST);
      return;
    }
    const mine = (act) => (event) => socket === this.#socket && act(event);
    this.#openedAt = this.#heardAt = Date.now();
    this.#timers.opening = setTimeout(() => this.#lose(1006), OPENING);
    socket.onopen = mine(() => {
      clearTimeout(this.#timers.opening);
      this.#timers.heard = setInterval(() => this.#listenFor(DEAF), LISTEN);
      this.greet();
    });
    socket.onmessage = mine((event) => this.#hear(event.data));
    socket.onclose = mine((event) => this.#lose(event.code));
  }

  #hear(text) {
    this.#heardAt = Date.now();
    clearTimeout(this.#timers.probe);
    this.#timers.probe = null;
    const message = JSON.parse(text);
    // Asked for a sign of life. Answered here, since browsers slow the timers of hidden tabs down.
    if (message.type === "pong" && message.data.asks) this.ping();
    this.take(message);
  }

  /**
   * Whether to come back, this once, after a close that ends it as a rule. A sign-in that ended may have
   * been renewed meanwhile, as by a new password: one try shows that.
   * @protected
   */
  forgives(code) {
    return code === NOT_LET_IN && this.state === "live";
  }

  /** Says that we live; the answer tells the current version. */
  ping() {
    this.send({ type: "ping", id: "ping", data: {} });
  }

  #listenFor(patience) {
    if (Date.now() - this.#heardAt > patience) this.#lose(1006);
  }

  /** After sleep, or where the network changed, a dead connection looks like a silent one. */
  #doubt() {
    this.ping();
    this.#timers.probe ??= setTimeout(() => this.#lose(1006), PROBE);
  }

  #lose(code) {
    this.#drop();
    if (this.state === "ended") return;
    if (code in ENDS && !this.forgives(code)) return this.#end(code, ENDS[code]);
    if (Date.now() - this.#openedAt > STEADY && this.state === "live") this.#attempts = 0;
    this.#wait(code, COMES_BACK[code] ?? LOST);
  }

  /** Waits by chance, so that clients of a server that restarts don't all come at once. */
  #wait(code, reason) {
    const most = Math.min(this.slowest, SOONEST * 2 ** this.#attempts);
    const wait = Math.random() * most;
    this.#attempts += 1;
    this.#timers.retry = setTimeout(() => this.#connect(), wait);
    this.#tell("waiting", reason, code, Date.now() + wait);
  }

  #end(code, reason) {
    this.#listen(false);
    clearTimeout(this.#timers.retry);
    if (this.state === "ended") return;
    this.#tell("ended", reason, code);
    this.#drop();
    this.over(reason);
  }

  /** Forgets the socket; its own end may take long to be noticed where the network is gone. */
  #drop() {
    for (const name of ["opening", "probe"]) clearTimeout(this.#timers[name]);
    clearInterval(this.#timers.heard);
    this.#timers.probe = null;
    const socket = this.#socket;
    this.#socket = null;
    // One that is still opening is closed once it is open: browsers complain about the other.
    if (socket?.readyState === 0) socket.onopen = () => socket.close();
    else socket?.close();
  }

  #tell(state, reason, code = 0, retryAt = null) {
    this.state = state;
    this.emit("state", { state, reason, code, retryAt });
  }

  #listen(on) {
    if (on === this.#listening || !globalThis.window) return;
    this.#listening = on;
    const change = on ? "addEventListener" : "removeEventListener";
    for (const name of ["online", "offline", "pageshow"]) window[change](name, this.#hurry);
    document[change]("visibilitychange", this.#hurry);
  }

  #hurry = () => document.visibilityState === "visible" && this.hurry();
}
