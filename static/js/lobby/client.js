/**
 * The live lobby of Tribehold, for pages of the site and as an example for authors of other clients.
 *
 * Needs no framework and no page: only WebSocket, EventTarget and timers, which browsers, Node and Deno
 * have. docs/protocol.md describes the messages.
 *
 *     const client = new LobbyClient("wss://host/ws/game-sessions/" + id, { ticket: fetchTicket });
 *     client.addEventListener("lobby", ({ detail }) => show(detail));
 *     client.addEventListener("state", ({ detail }) => showState(detail.state, detail.reason));
 *     client.open();
 *     await client.ready(true); // resolves with the response, rejects with {code, detail}
 */

import { Connection, UNAUTHORIZED } from "./connection.js";

export const MAX_CHAT_LENGTH = 300; // characters, counted by code points

const MAX_ATTEMPTS = 2; // to send a command

/**
 * @import { Message } from "./connection.js"
 *
 * @typedef {{id: string, name: string, archetype: string, color_theme: string}} Tribe
 *
 * @typedef {object} Player a player with a seat
 * @property {string} player_id
 * @property {string} username
 * @property {number} level
 * @property {Tribe} tribe
 * @property {boolean} is_host
 * @property {boolean} is_ready
 * @property {boolean} is_connected
 *
 * @typedef {object} Lobby
 * @property {string} status
 * @property {string} host the player's id
 * @property {Player[]} players
 * @property {{is_public: boolean, seats: number}} settings
 * @property {{is_playable: boolean}} map
 * @property {string | null} countdown_ends_at
 *
 * @typedef {Error & {code: string, detail: string}} Refusal of a command
 * @typedef {{type: string, id: string, data: object}} Command
 *
 * @typedef {object} PendingCommand
 * @property {Command} message
 * @property {number} attempts
 * @property {(response: any) => void} resolve
 * @property {(refusal: Refusal) => void} reject
 */

/**
 * Returns the error with which the promise of a command is rejected.
 * @param {string} code
 * @param {string} detail
 * @returns {Refusal}
 */
const refusal = (code, detail) => Object.assign(new Error(detail), { code, detail });

/**
 * A seat in a lobby or a game.
 *
 * Commands return promises, which resolve with the response of the server, or reject with `{code, detail}`.
 * A command without a response is sent again, once, after a reconnect. It has the same id, so that the server
 * handles it only once.
 *
 * @fires LobbyClient#state   StateDetail of connection.js
 * @fires LobbyClient#lobby   the whole lobby, whenever it has changed; some versions may be skipped
 * @fires LobbyClient#chat    {player_id, text, at}; the text is plain, never markup
 * @fires LobbyClient#started the lobby: the countdown is over
 * @fires LobbyClient#closed  {reason: "left"|"completed"|"abandoned"|"kicked"}
 * @fires LobbyClient#error   {code, detail, closes}: an error that is not the response to a command; `closes` is
 *   the close code that follows, if any
 */
export class LobbyClient extends Connection {
  /** @type {(() => Promise<string>) | undefined} */
  #fetchTicket;
  /** @type {string | undefined} */
  #ticket;
  /** The token that resumes the seat without a ticket; "" without one. */
  #resume = "";
  #hasTriedResume = false;
  /** @type {Map<string, PendingCommand>} by id */
  #pending = new Map();
  #lastId = 0;
  // Ids must differ from those of other pages of the same player: the server ignores repeated ids.
  #prefix = Math.random().toString(36).slice(2, 10);
  /** @type {Map<string, number>} when each was sent, by its id */
  #pings = new Map();
  #clock = { offset: 0, trip: Infinity };
  #isHelloPending = false;
  #hasRetriedTicket = false;

  /**
   * @param {string|URL} address
   * @param {{ticket?: () => Promise<string>, maxDelay?: number}} options `ticket` fetches a ticket
   *   (POST /api/v1/game-sessions/{id}/ticket), for clients that have no cookie of the site. It is
   *   called before the first connection, and later only if the seat can't be resumed. An error with
   *   `final: true` ends the client.
   */
  constructor(address, { ticket, maxDelay } = {}) {
    super(address, { maxDelay });
    this.#fetchTicket = ticket;
    /** The newest lobby that was received; null before the first. @type {Lobby | null} */
    this.lobby = null;
    /** Who this client is. @type {string | null} */
    this.playerId = null;
  }

  /** The server's time, in milliseconds since 1970. */
  now() {
    return Date.now() + this.#clock.offset;
  }

  /** Milliseconds until the game begins; null without a countdown. */
  get countdown() {
    const end = this.lobby?.countdown_ends_at;
    return end ? Math.max(0, Date.parse(end) - this.now()) : null;
  }

  // ---- Commands --------------------------------------------------------------------------------

  /** @param {boolean} isReady */
  ready = (isReady) => this.#request("ready", { is_ready: isReady });

  /** @param {string} tribeId one of the player's own */
  tribe = (tribeId) => this.#request("tribe", { tribe_id: tribeId });

  leave = () => this.#request("leave");

  /** Host only. @param {boolean} solo whether to play alone */
  start = (solo = false) => this.#request("start", solo ? { solo } : {});

  /** Host only. @param {string} playerId */
  kick = (playerId) => this.#request("kick", { player_id: playerId });

  /** Host only. @param {{is_public?: boolean, seats?: 2|3|4}} changes */
  settings = (changes) => this.#request("settings", changes);

  /** @param {string} text up to MAX_CHAT_LENGTH characters */
  chat = (text) => this.#request("chat", { text });

  /**
   * Sends a command.
   * @param {string} type
   * @param {object} [data]
   * @returns {Promise<any>}
   */
  #request(type, data = {}) {
    if (this.state === "ended") {
      return Promise.reject(refusal("ended", "The connection has ended."));
    }
    const id = `${this.#prefix}-${(this.#lastId += 1)}`;
    return new Promise((resolve, reject) => {
      const command = { message: { type, id, data }, attempts: 0, resolve, reject };
      this.#pending.set(id, command);
      if (this.state === "live") this.#sendCommand(command);
    });
  }

  /** @param {PendingCommand} command */
  #sendCommand(command) {
    command.attempts += 1;
    this.send(command.message);
  }

  #resendPending() {
    for (const [id, command] of this.#pending) {
      if (command.attempts < MAX_ATTEMPTS) {
        this.#sendCommand(command);
        continue;
      }
      this.#pending.delete(id);
      command.reject(refusal("unanswered", "The server did not respond. Please try again."));
    }
  }

  // ---- Messages of the server ------------------------------------------------------------------

  /** @override */
  async prepare() {
    this.#hasTriedResume = this.#resume !== "";
    this.#ticket = this.#resume ? undefined : await this.#fetchTicket?.();
  }

  /**
   * A resume token may have ended: then a ticket or the cookie of the page is tried. A ticket may have expired
   * while connecting: another one is fetched, once.
   * @override
   * @param {number} code
   */
  mayRetry(code) {
    if (code === UNAUTHORIZED && this.#hasTriedResume && this.state !== "live") {
      this.#resume = "";
      return true;
    }
    if (super.mayRetry(code)) return true;
    if (code !== UNAUTHORIZED || !this.#fetchTicket || this.#hasRetriedTicket) return false;
    this.#hasRetriedTicket = true;
    return true;
  }

  /** @override */
  onOpen() {
    this.#isHelloPending = false;
    this.#clock.trip = Infinity; // the clock of this machine may have changed
    if (this.#resume) this.#hello({ resume: this.#resume });
    else this.#hello(this.#ticket ? { ticket: this.#ticket } : {});
  }

  /** @param {{resume?: string, ticket?: string, version?: number}} [data] */
  #hello(data = {}) {
    if (this.#isHelloPending) return;
    this.#isHelloPending = true;
    if (this.lobby) data.version = this.version;
    this.#pings.set("hello", Date.now());
    this.send({ type: "hello", id: "hello", data });
  }

  /** @override */
  ping() {
    this.#pings.set("ping", Date.now());
    super.ping();
  }

  /** @override @param {Message} message */
  onMessage(message) {
    this.#handlers[message.type]?.(message.data, message);
    this.#settleCommand(message);
    const isAhead = message.version > this.version;
    if (isAhead && this.state === "live" && message.type !== "error") this.#hello();
  }

  /** @type {Record<string, (data: any, message: Message) => void>} */
  #handlers = {
    welcome: (data, message) => {
      this.#isHelloPending = false;
      this.playerId = data.player_id;
      this.#resume = data.resume ?? "";
      this.#setClock("hello", data.time);
      const isReconnected = this.state !== "live";
      this.#hasRetriedTicket = false;
      this.setLive();
      if (data.lobby) this.#showLobby(data.lobby, message.version);
      if (isReconnected) this.#resendPending();
    },
    lobby: (data, message) => this.#showLobby(data, message.version),
    started: (data, message) => {
      this.#showLobby(data.lobby, message.version);
      this.emit("started", this.lobby);
    },
    chat: (data) => this.emit("chat", data),
    kicked: () => this.emit("closed", { reason: "kicked" }),
    closed: (data) => {
      if (data.reason === "left") this.#settleLeave(data);
      this.emit("closed", data);
    },
    pong: (data) => this.#setClock("ping", data.time),
    error: (data, message) => {
      if (message.re === "hello") this.#isHelloPending = false;
      if (!this.#pending.has(message.re ?? "")) this.emit("error", data);
    },
  };

  /**
   * @param {Lobby} lobby
   * @param {number} version
   */
  #showLobby(lobby, version) {
    if (version <= this.version) return;
    this.setVersion(version);
    this.lobby = lobby;
    this.emit("lobby", lobby);
  }

  /**
   * Resolves a `leave` whose response was lost: the server says so after the reconnect.
   * @param {{reason: string}} data
   */
  #settleLeave(data) {
    for (const [id, { message, resolve }] of this.#pending) {
      if (message.type !== "leave") continue;
      this.#pending.delete(id);
      resolve(data);
    }
  }

  /** @param {Message} message */
  #settleCommand({ type, data, re = "" }) {
    const command = this.#pending.get(re);
    if (!command) return;
    this.#pending.delete(re);
    if (type === "error") command.reject(refusal(data.code, data.detail));
    else command.resolve(data);
  }

  /**
   * Estimates the time of the server from the fastest round trip, half of which has passed since it was sent.
   * @param {string} name
   * @param {string} time of the server
   */
  #setClock(name, time) {
    const sent = this.#pings.get(name);
    this.#pings.delete(name);
    if (!sent) return;
    const now = Date.now();
    const trip = now - sent;
    // Only a faster round trip is more exact. After a reconnect the clock may have changed.
    if (trip > this.#clock.trip && name !== "hello") return;
    this.#clock = { trip, offset: Date.parse(time) + trip / 2 - now };
  }

  /** @override @param {string} reason */
  onEnd(reason) {
    for (const { reject } of this.#pending.values()) reject(refusal("ended", reason));
    this.#pending.clear();
  }
}

/**
 * The list of open public lobbies.
 *
 * @typedef {{id: string, created_at: string, seats: number, free_seats: number, host: string,
 *   map: {id: string, name: string, width: number, height: number}}} Card
 *
 * @typedef {{lobbies: number, free_seats: number}} Counts
 *
 * @typedef {object} ListData of a message `lobbies`
 * @property {Card[]} lobbies
 * @property {string[]} gone
 * @property {Record<string, Counts>} maps
 * @property {number} total
 * @property {string | null} since
 * @property {boolean} is_snapshot
 *
 * @fires LobbyList#state   StateDetail
 * @fires LobbyList#lobbies {all: Map<string, Card>, changed: Card[], gone: string[]}: after each change;
 *   `gone` are those that nobody can join any more
 */
export class LobbyList extends Connection {
  /** Cards of the newest lobbies with a free seat, by id. @type {Map<string, Card>} */
  all = new Map();
  /** The counts of lobbies with a free seat, by map id. @type {Map<string, Counts>} */
  maps = new Map();
  /** How many lobbies have a free seat. */
  total = 0;
  /** @type {string | null} */
  #since = null;

  /**
   * Returns whether a lobby with this creation time may be open but not in `all`, which has only the newest.
   * @param {string} createdAt
   */
  mayMiss(createdAt) {
    return this.#since !== null && Date.parse(createdAt) <= Date.parse(this.#since);
  }

  /** @override @param {Message} message */
  onMessage({ type, version, data }) {
    if (type === "lobbies") this.#showList(version, data);
    else if (type === "pong" && version > this.version) {
      this.send({ type: "hello", id: "hello", data: {} });
    }
  }

  /**
   * @param {number} version
   * @param {ListData} data
   */
  #showList(version, { lobbies, gone, maps, total, since, is_snapshot: isSnapshot }) {
    this.setVersion(version);
    this.total = total;
    this.#since = since;
    const closed = isSnapshot ? this.#findClosed(lobbies) : gone;
    for (const id of closed) this.all.delete(id);
    for (const card of lobbies) this.all.set(card.id, card);
    if (isSnapshot) this.maps.clear();
    for (const [id, counts] of Object.entries(maps)) {
      if (counts.lobbies) this.maps.set(id, counts);
      else this.maps.delete(id);
    }
    this.setLive();
    this.emit("lobbies", { all: this.all, changed: lobbies, gone: closed });
  }

  /**
   * Returns the ids of lobbies that are not in a snapshot because nobody can join them any more.
   * @param {Card[]} lobbies
   */
  #findClosed(lobbies) {
    const listed = new Set(lobbies.map((card) => card.id));
    const cards = [...this.all.values()].filter((card) => !listed.has(card.id));
    return cards.filter((card) => !this.mayMiss(card.created_at)).map((card) => card.id);
  }
}

/** Returns the address of a socket on the host of this page. @param {string} path */
export function socketAddress(path) {
  const address = new URL(path, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  return address;
}
