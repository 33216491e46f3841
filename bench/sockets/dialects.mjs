/**
 * The protocols of both servers. Each dialect is a class with one method,
 *
 *     connect(seat, lobby, listener)     returns a link to the server when it has received the state
 *
 * where `lobby` is the list of the seats that share it, and a link has
 *
 *     change(number, ready)     requests a change with a number
 *     close()
 */

import WebSocket from "ws";

/**
 * The callbacks of a link. closed() is the last one.
 * @typedef {object} Listener
 * @property {(version: number, change?: number) => void} seen  a state was received, which has that change
 * @property {(code: number) => void} closed
 * @property {(reason: string) => void} failed  the server rejected something
 */

const WELCOME_WITHIN = 15_000; // ms, connecting included

/** Our lobbies: JSON, and the whole lobby with every change. */
class Tribehold {
  /**
   * @param {{url: string, ticket: string, origin?: string, address?: string}} seat
   * @param {object[]} lobby
   * @param {Listener} listener
   * @returns {Promise<TribeholdLink>}
   */
  connect(seat, lobby, listener) {
    return new Promise((resolve, reject) => {
      const link = new TribeholdLink(seat, listener, () => {
        clearTimeout(late);
        resolve(link);
      });
      const late = setTimeout(() => link.socket.terminate(), WELCOME_WITHIN);
      link.socket.on("error", reject);
      link.socket.on("close", (code, reason) => {
        clearTimeout(late);
        if (link.welcomed) listener.closed(code);
        else reject(new Error(`closed before a welcome: ${code} ${reason}`));
      });
    });
  }
}

class TribeholdLink {
  welcomed = false;
  #pings = 0;

  /**
   * @param {{url: string, ticket: string, origin?: string, address?: string}} seat
   * @param {Listener} listener
   * @param {() => void} onWelcome
   */
  constructor(seat, listener, onWelcome) {
    const headers = seat.address ? { "X-Forwarded-For": seat.address } : {};
    const options = { perMessageDeflate: false, origin: seat.origin, headers };
    this.socket = new WebSocket(seat.url, "tribehold.v1", options);
    this.socket.on("open", () => this.#send("hello", "1", { ticket: seat.ticket }));
    this.socket.on("message", (text) => {
      const message = JSON.parse(text);
      if (message.type === "lobby") {
        listener.seen(message.version, numberOf(message.re));
      } else if (message.type === "pong") {
        if (message.re === undefined) this.#send("ping", `p${(this.#pings += 1)}`, {});
      } else if (message.type === "welcome") {
        this.welcomed = true;
        listener.seen(message.version);
        onWelcome();
      } else if (message.type === "error") {
        listener.failed(`${message.code}: ${message.detail}`);
      }
    });
  }

  /**
   * @param {number} number
   * @param {boolean} ready
   */
  change(number, ready) {
    this.#send("ready", `c${number}`, { is_ready: ready });
  }

  close() {
    this.socket.close(1000);
  }

  #send(type, id, data) {
    this.socket.send(JSON.stringify({ type, id, data }));
  }
}

/**
 * Returns the number of the change to which a message is the response.
 * @param {string | undefined} re
 */
function numberOf(re) {
  return re?.startsWith("c") ? Number(re.slice(1)) : undefined;
}

/** Rooms of Colyseus, by its SDK. A lobby's first seat makes the room, which the others join. */
class Colyseus {
  #client;
  /** @type {WeakMap<object[], Promise<string>>} */
  #rooms = new WeakMap();

  /** @param {string} url */
  constructor(url) {
    this.url = url;
  }

  /**
   * @param {object} seat  is not used
   * @param {object[]} lobby
   * @param {Listener} listener
   * @returns {Promise<ColyseusLink>}
   */
  async connect(seat, lobby, listener) {
    const client = await (this.#client ??= this.#makeClient());
    const id = this.#rooms.get(lobby);
    if (id) return ColyseusLink.to(await client.joinById(await id), listener);
    const creating = client.create("lobby");
    this.#rooms.set(
      lobby,
      creating.then((room) => room.roomId),
    );
    return ColyseusLink.to(await creating, listener);
  }

  async #makeClient() {
    delete globalThis.WebSocket; // where Node has one of its own; both dialects use the same
    const { Client } = await import("@colyseus/sdk");
    return new Client(this.url);
  }
}

class ColyseusLink {
  #lastChange = 0;

  /** @param {import("@colyseus/sdk").Room} room */
  constructor(room) {
    this.room = room;
  }

  /**
   * Returns a link to a room when it has received the state.
   * @param {import("@colyseus/sdk").Room} room
   * @param {Listener} listener
   * @returns {Promise<ColyseusLink>}
   */
  static to(room, listener) {
    const link = new ColyseusLink(room);
    room.reconnection.enabled = false;
    room.onLeave((code) => listener.closed(code));
    room.onError((code, message) => listener.failed(`${code}: ${message}`));
    return new Promise((resolve) => {
      room.onStateChange((state) => {
        listener.seen(state.version, link.#newChange(state));
        resolve(link);
      });
    });
  }

  /**
   * @param {number} number
   * @param {boolean} ready
   */
  change(number, ready) {
    this.room.send("ready", { is_ready: ready, change: number });
  }

  close() {
    this.room.leave();
  }

  /** Returns the number of our change, if this state is the first that has it. */
  #newChange(state) {
    const change = state.players.get(this.room.sessionId).change;
    if (change === this.#lastChange) return undefined;
    this.#lastChange = change;
    return change;
  }
}

export const dialects = { tribehold: Tribehold, colyseus: Colyseus };
