// The countdown to the start: shown large and announced, by the time of the server.

/**
 * @import { Find } from "../site/find.js"
 * @import { Lobby, LobbyClient } from "./client.js"
 * @import { StateDetail } from "./connection.js"
 */

const STOPPED_SHOWS = 6_000;

/** Counts down what is left until a game begins. */
export class Countdown {
  #timer = 0;
  #hiding = 0;
  /** @type {number | null} */
  #shown = null;
  /** @type {Lobby | null} */
  #before = null;

  /**
   * @param {Find} part
   * @param {LobbyClient} client
   * @param {(text: string) => void} announce announces a text to screen readers at once
   */
  constructor(part, client, announce) {
    this.part = part;
    this.client = client;
    this.announce = announce;
    // A lost connection stops the countdown, which is shown when the connection is back.
    client.on("state", (/** @type {StateDetail} */ { state }) => {
      if (state !== "live") this.#hide();
    });
  }

  /** @param {Lobby} lobby */
  show(lobby) {
    clearInterval(this.#timer);
    const isRunning = lobby.status === "Lobby" && Boolean(lobby.countdown_ends_at);
    if (isRunning) {
      this.part("countdown-stopped").hidden = true;
      this.#step();
      this.#timer = setInterval(() => this.#step(), 100);
    } else {
      if (this.#shown !== null && lobby.status === "Lobby") this.#stop(lobby);
      this.#shown = null;
    }
    this.part("countdown").hidden = !isRunning;
    this.#before = lobby;
  }

  #step() {
    const number = Math.max(1, Math.ceil((this.client.countdown ?? 0) / 1000));
    if (number === this.#shown) return;
    const isFirst = this.#shown === null;
    this.#shown = number;
    this.part("countdown-number").textContent = String(number);
    this.announce(isFirst ? `The game begins in ${number}` : `${number}`);
  }

  #hide() {
    clearInterval(this.#timer);
    this.part("countdown").hidden = true;
  }

  /** @param {Lobby} lobby */
  #stop(lobby) {
    const words = `Stopped: ${cause(this.#before, lobby)}`;
    const stopped = this.part("countdown-stopped");
    stopped.textContent = words;
    stopped.hidden = false;
    this.announce(words);
    clearTimeout(this.#hiding);
    this.#hiding = setTimeout(() => {
      stopped.hidden = true;
    }, STOPPED_SHOWS);
  }
}

/**
 * Returns who stopped the countdown, and how, as far as two lobbies show.
 * @param {Lobby | null} before
 * @param {Lobby} after
 */
function cause(before, after) {
  if (!after.map.is_playable) return "the map can’t be played as it is now.";
  const now = new Map(after.players.map((player) => [player.player_id, player]));
  for (const { player_id: id, username } of before?.players ?? []) {
    const player = now.get(id);
    if (!player) return `${username} has left.`;
    if (!player.is_connected) return `${username} has lost the connection.`;
    if (!player.is_ready) return `${username} is not ready.`;
  }
  return "a player is not ready.";
}
