// Three, two, one: by the server's time, shown large and told aloud.

const STOPPED_SHOWS = 6_000;

/** Counts down what is left until a game begins. */
export class Countdown {
  #timer = 0;
  #hiding = 0;
  #shown = null;
  #before = null;

  /** `tell` says words aloud at once. */
  constructor(part, client, tell) {
    Object.assign(this, { part, client, tell });
    // Whoever loses the connection stops it, and hears so when it is back.
    client.addEventListener("state", ({ detail }) => detail.state === "live" || this.#hide());
  }

  show(lobby) {
    clearInterval(this.#timer);
    const runs = lobby.status === "Lobby" && lobby.countdown_ends_at;
    if (runs) {
      this.part("stopped").hidden = true;
      this.#step();
      this.#timer = setInterval(() => this.#step(), 100);
    } else {
      if (this.#shown !== null && lobby.status === "Lobby") this.#stop(lobby);
      this.#shown = null;
    }
    this.part("countdown").hidden = !runs;
    this.#before = lobby;
  }

  #step() {
    const number = Math.max(1, Math.ceil(this.client.countdown / 1000));
    if (number === this.#shown) return;
    const isFirst = this.#shown === null;
    this.#shown = number;
    this.part("countdown-number").textContent = number;
    this.tell(isFirst ? `The game begins in ${number}` : `${number}`);
  }

  #hide() {
    clearInterval(this.#timer);
    this.part("countdown").hidden = true;
  }

  #stop(lobby) {
    const words = `Stopped: ${cause(this.#before, lobby)}`;
    const stopped = this.part("stopped");
    stopped.textContent = words;
    stopped.hidden = false;
    this.tell(words);
    clearTimeout(this.#hiding);
    this.#hiding = setTimeout(() => (stopped.hidden = true), STOPPED_SHOWS);
  }
}

/** Who stopped it, and how, as far as two lobbies tell. */
function cause(before, after) {
  if (!after.map.is_playable) return "the map can’t be played as it is now.";
  const now = new Map(after.players.map((player) => [player.player_id, player]));
  for (const { player_id: id, username } of before?.players ?? []) {
    if (!now.has(id)) return `${username} has left.`;
    if (!now.get(id).is_connected) return `${username} has lost the connection.`;
    if (!now.get(id).is_ready) return `${username} is not ready.`;
  }
  return "somebody is not ready.";
}
