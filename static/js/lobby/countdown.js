// The countdown to the start of the game, by the server's time.

/**
 * @import { Find } from "../site/find.js"
 * @import { Lobby, LobbyClient } from "./client.js"
 * @import { StateDetail } from "./connection.js"
 */

const STOPPED_DURATION = 6_000;

/** Shows and announces the countdown. */
export class Countdown {
  #timer = 0;
  #hideTimer = 0;
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
    // The server stops the countdown for a lost connection. The page shows this after a reconnect.
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
    const text = `Stopped: ${describeCause(this.#before, lobby)}`;
    const stopped = this.part("countdown-stopped");
    stopped.textContent = text;
    stopped.hidden = false;
    this.announce(text);
    clearTimeout(this.#hideTimer);
    this.#hideTimer = setTimeout(() => {
      stopped.hidden = true;
    }, STOPPED_DURATION);
  }
}

/**
 * Returns a sentence about the player who stopped the countdown, from the difference of two lobbies.
 * @param {Lobby | null} before
 * @param {Lobby} after
 */
function describeCause(before, after) {
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
