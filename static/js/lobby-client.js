/**
 * The live lobby of Tribehold, for pages of the site and as an example for authors of other clients.
 *
 * Needs no framework and no page: only WebSocket, EventTarget and timers, as browsers, Node and Deno have
 * them. What client and server say to each other is told in docs/protocol.md.
 *
 *     const client = new LobbyClient("wss://host/ws/game-sessions/" + id, { ticket: fetchTicket });
 *     client.addEventListener("lobby", ({ detail }) => show(detail));
 *     client.addEventListener("state", ({ detail }) => tell(detail.state, detail.reason));
 *     client.open();
 *     await client.ready(true); // resolves with the server's answer, rejects with {code, detail}
 */

import { Connection, NOT_LET_IN } from "./lobby-connection.js";

export const LONGEST_CHAT = 300; // characters, counted by code points

const TRIES = 2; // a command is sent again once

/** Rejects the promise of a command. */
const refusal = (code, detail) => Object.assign(new Error(detail), { code, detail });

/**
 * A seat in a lobby or a game.
 *
 * Commands answer with promises: resolved with the server's answer, rejected with `{code, detail}` where
 * the server refuses. One that is not answered before the connection is lost is sent once more after it
 * is back, under the same id, so that it is done once.
 *
 * @fires LobbyClient#state   StateDetail of lobby-connection.js
 * @fires LobbyClient#lobby   the whole lobby, whenever it has changed; some versions may be skipped
 * @fires LobbyClient#chat    {player_id, text, at}; the text is plain, never markup
 * @fires LobbyClient#started the lobby: the countdown is over
 * @fires LobbyClient#closed  {reason: "left"|"completed"|"abandoned"|"kicked"}
 * @fires LobbyClient#error   {code, detail, closes}: an error that answers no command; `closes` is the code
 *   of the close that follows, if one does
 */
export class LobbyClient extends Connection {
  #ticket;
  #ticketInHand;
  #waiting = new Map(); // id → {message, tries, resolve, reject}
  #count = 0;
  // Ids must differ from those of another page of the same player, whom the server remembers.
  #prefix = Math.random().toString(36).slice(2, 10);
  #pings = new Map();
  #clock = { offset: 0, trip: Infinity };
  #asked = false;
  #isForgiven = false;

  /**
   * @param {string|URL} address
   * @param {{ticket?: () => Promise<string>, slowest?: number}} options `ticket` fetches a ticket
   *   (POST /api/v1/game-sessions/{id}/ticket), for clients that have no cookie of the site. It is asked
   *   before each connection, since a ticket works once; an error with `final: true` ends the client.
   */
  constructor(address, { ticket, slowest } = {}) {
    super(address, { slowest });
    this.#ticket = ticket;
    /** The lobby as it was last heard of; null before. */
    this.lobby = null;
    /** Who this client is. */
    this.playerId = null;
  }

  /** The server's time, in milliseconds since 1970; for what is left of a countdown. */
  now() {
    return Date.now() + this.#clock.offset;
  }

  /** Milliseconds until the game begins; null without a countdown. */
  get countdown() {
    const end = this.lobby?.countdown_ends_at;
    return end ? Math.max(0, Date.parse(end) - this.now()) : null;
  }

  // ---- What a player does ----------------------------------------------------------------------

  /** @param {boolean} isReady */
  ready = (isReady) => this.#ask("ready", { is_ready: isReady });

  /** @param {string} tribeId one of the player's own */
  tribe = (tribeId) => this.#ask("tribe", { tribe_id: tribeId });

  leave = () => this.#ask("leave");

  /** The host's. @param {boolean} solo alone, by choice */
  start = (solo = false) => this.#ask("start", solo ? { solo } : {});

  /** The host's. @param {string} playerId */
  kick = (playerId) => this.#ask("kick", { player_id: playerId });

  /** The host's. @param {{is_public?: boolean, seats?: 2|3|4}} changes */
  settings = (changes) => this.#ask("settings", changes);

  /** @param {string} text up to LONGEST_CHAT characters */
  chat = (text) => this.#ask("chat", { text });

  #ask(type, data = {}) {
    if (this.state === "ended") {
      return Promise.reject(refusal("ended", "The connection has ended."));
    }
    const id = `${this.#prefix}-${(this.#count += 1)}`;
    return new Promise((resolve, reject) => {
      const command = { message: { type, id, data }, tries: 0, resolve, reject };
      this.#waiting.set(id, command);
      if (this.state === "live") this.#say(command);
    });
  }

  #say(command) {
    command.tries += 1;
    this.send(command.message);
  }

  #sayAgain() {
    for (const [id, command] of this.#waiting) {
      if (command.tries < TRIES) {
        this.#say(command);
        continue;
      }
      this.#waiting.delete(id);
      command.reject(refusal("unanswered", "The server did not answer. Please try again."));
    }
  }

  // ---- What is heard ---------------------------------------------------------------------------

  async prepare() {
    this.#ticketInHand = await this.#ticket?.();
  }

  /** A ticket may have died on the way: another one is fetched, once. */
  forgives(code) {
    if (super.forgives(code)) return true;
    if (code !== NOT_LET_IN || !this.#ticket || this.#isForgiven) return false;
    this.#isForgiven = true;
    return true;
  }

  greet() {
    this.#asked = false;
    this.#clock.trip = Infinity; // this machine may have slept, or its clock been set
    this.#hello(this.#ticketInHand ? { ticket: this.#ticketInHand } : {});
  }

  #hello(data = {}) {
    if (this.#asked) return;
    this.#asked = true;
    if (this.lobby) data.version = this.version;
    this.#pings.set("hello", Date.now());
    this.send({ type: "hello", id: "hello", data });
  }

  ping() {
    this.#pings.set("ping", Date.now());
    super.ping();
  }

  take(message) {
    this.#handlers[message.type]?.(message.data, message);
    this.#answer(message);
    const isAhead = message.version > this.version;
    if (isAhead && this.state === "live" && message.type !== "error") this.#hello();
  }

  #handlers = {
    welcome: (data, message) => {
      this.#asked = false;
      this.playerId = data.player_id;
      this.#setClock("hello", data.time);
      const again = this.state !== "live";
      this.#isForgiven = false;
      this.welcomed();
      if (data.lobby) this.#show(data.lobby, message.version);
      if (again) this.#sayAgain();
    },
    lobby: (data, message) => this.#show(data, message.version),
    started: (data, message) => {
      this.#show(data.lobby, message.version);
      this.emit("started", this.lobby);
    },
    chat: (data) => this.emit("chat", data),
    kicked: () => this.emit("closed", { reason: "kicked" }),
    closed: (data) => this.emit("closed", data),
    pong: (data) => this.#setClock("ping", data.time),
    error: (data, message) => {
      if (message.re === "hello") this.#asked = false;
      if (!this.#waiting.has(message.re)) this.emit("error", data);
    },
  };

  #show(lobby, version) {
    if (version <= this.version) return;
    this.version = version;
    this.lobby = lobby;
    this.emit("lobby", lobby);
  }

  #answer({ type, data, re }) {
    const command = this.#waiting.get(re);
    if (!command) return;
    this.#waiting.delete(re);
    if (type === "error") command.reject(refusal(data.code, data.detail));
    else command.resolve(data);
  }

  /** The quickest trip tells the server's time best: half of it is how old the time is. */
  #setClock(name, seconds) {
    const sent = this.#pings.get(name);
    this.#pings.delete(name);
    if (!sent) return;
    const now = Date.now();
    const trip = now - sent;
    // The quicker the answer, the truer the time; but clocks may have been set since the last connection.
    if (trip > this.#clock.trip && name !== "hello") return;
    this.#clock = { trip, offset: seconds * 1000 + trip / 2 - now };
  }

  over(reason) {
    for (const { reject } of this.#waiting.values()) reject(refusal("ended", reason));
    this.#waiting.clear();
  }
}

/**
 * The list of open lobbies, as anybody may see it.
 *
 * @typedef {{id: string, created_at: string, seats: number, free_seats: number, host: string,
 *   map: {id: string, name: string, width: number, height: number}}} Card
 *
 * @typedef {{lobbies: number, free_seats: number}} Counts
 *
 * @fires LobbyList#state   StateDetail
 * @fires LobbyList#lobbies {all: Map<string, Card>, changed: Card[], gone: string[]}: after each change;
 *   `gone` are those that nobody can join any more
 */
export class LobbyList extends Connection {
  /** Cards of lobbies with a free seat, by id: of many the newest. @type {Map<string, Card>} */
  all = new Map();
  /** What each map has, of all lobbies with a free seat, by its id. @type {Map<string, Counts>} */
  maps = new Map();
  /** How many lobbies have a free seat. */
  total = 0;
  #since = null;

  /** Whether a lobby that opened then may be open without being among `all`: only the newest are told. */
  mayMiss(createdAt) {
    return this.#since !== null && Date.parse(createdAt) <= Date.parse(this.#since);
  }

  take({ type, version, data }) {
    if (type === "lobbies") this.#show(version, data);
    else if (type === "pong" && version > this.version) {
      this.send({ type: "hello", id: "hello", data: {} });
    }
  }

  #show(version, { lobbies, gone, maps, total, since, is_snapshot: isSnapshot }) {
    this.version = version;
    this.total = total;
    this.#since = since;
    const left = isSnapshot ? this.#missing(lobbies) : gone;
    for (const id of left) this.all.delete(id);
    for (const card of lobbies) this.all.set(card.id, card);
    if (isSnapshot) this.maps.clear();
    for (const [id, counts] of Object.entries(maps)) {
      if (counts.lobbies) this.maps.set(id, counts);
      else this.maps.delete(id);
    }
    this.welcomed();
    this.emit("lobbies", { all: this.all, changed: lobbies, gone: left });
  }

  /** The ids of those that a snapshot would list if they were open. */
  #missing(lobbies) {
    const here = new Set(lobbies.map((card) => card.id));
    const cards = [...this.all.values()].filter((card) => !here.has(card.id));
    return cards.filter((card) => !this.mayMiss(card.created_at)).map((card) => card.id);
  }
}

/** The address of a socket on the host of this page. @param {string} path */
export function socketAddress(path) {
  const address = new URL(path, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  return address;
}
