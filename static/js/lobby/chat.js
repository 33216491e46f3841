// The chat of a lobby. Messages are plain text, never markup.

import { MAX_CHAT_LENGTH } from "./client.js";

/**
 * @import { Find } from "../site/find.js"
 * @import { Lobby, LobbyClient, Player, Refusal } from "./client.js"
 * @typedef {{player_id: string, text: string, at: string}} ChatMessage
 */

const MAX_SHOWN = 200;
const SHOW_REMAINING_BELOW = 60; // characters
const SCROLL_TOLERANCE = 40; // pixels
const SVG = "http://www.w3.org/2000/svg";
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "medium" });

/** Shows and sends messages. */
export class Chat {
  /** @type {Map<string, Player>} including those who have left */
  #players = new Map();

  /**
   * @param {Find} part
   * @param {LobbyClient} client
   * @param {(refusal: Refusal) => void} refuse shows a refusal
   */
  constructor(part, client, refuse) {
    this.part = part;
    this.client = client;
    this.refuse = refuse;
    this.form = part("chat-form", HTMLFormElement);
    this.input = part("chat-input", HTMLInputElement);
    this.form.hidden = false;
    this.form.addEventListener("submit", (event) => this.#send(event));
    this.input.addEventListener("input", () => this.#showRemaining());
    client.on("chat", (/** @type {ChatMessage} */ message) => this.#show(message));
  }

  /**
   * Updates the players of the lobby.
   * @param {Lobby} lobby
   */
  update(lobby) {
    for (const player of lobby.players) this.#players.set(player.player_id, player);
  }

  /**
   * Shows an event, such as a player who joined, between the messages.
   * @param {string} text
   */
  note(text) {
    const line = document.createElement("p");
    line.className = "chat__note small";
    line.textContent = text;
    this.#append(line);
  }

  /** @param {Event} event */
  async #send(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (!text) return;
    this.input.value = "";
    this.#showRemaining();
    if (this.client.state !== "live") this.part("characters-left").textContent = "Your message will be sent when the connection is back.";
    try {
      await this.client.chat(text);
      this.#showRemaining();
    } catch (error) {
      this.input.value ||= text; // to send it again
      this.#showRemaining();
      this.refuse(/** @type {Refusal} */ (error));
    }
  }

  #showRemaining() {
    const remaining = MAX_CHAT_LENGTH - this.input.value.length;
    this.part("characters-left").textContent = remaining <= SHOW_REMAINING_BELOW ? `${remaining} characters left` : "";
  }

  /** @param {ChatMessage} message */
  #show({ player_id: id, text, at }) {
    const player = this.#players.get(id);
    const line = document.createElement("p");
    line.className = "chat__line";
    const time = document.createElement("time");
    const sentAt = new Date(at);
    Object.assign(time, { dateTime: at, title: exact.format(sentAt), textContent: clock.format(sentAt) });
    time.className = "small";
    const name = document.createElement("strong");
    name.dir = "auto";
    name.textContent = player?.username ?? "Somebody";
    const body = document.createElement("span");
    body.className = "chat__text";
    body.dir = "auto";
    body.textContent = text;
    line.append(swatch(player?.tribe.color_theme), name, " ", time, body);
    this.#append(line);
  }

  /** @param {HTMLElement} line */
  #append(line) {
    const log = this.part("log");
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < SCROLL_TOLERANCE;
    log.querySelector("[data-part=log-empty]")?.remove();
    log.append(line);
    while (log.children.length > MAX_SHOWN) log.firstElementChild?.remove();
    // Does not scroll while the player reads older messages.
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  }
}

/**
 * Returns a colour swatch of a tribe. It is an SVG, because the CSP forbids inline styles.
 * @param {string} [colour]
 */
function swatch(colour) {
  const [svg, shape] = ["svg", "circle"].map((name) => document.createElementNS(SVG, name));
  const attributes = { viewBox: "0 0 8 8", class: "chat__swatch", "aria-hidden": "true" };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  for (const [name, value] of Object.entries({ cx: "4", cy: "4", r: "4" })) shape.setAttribute(name, value);
  if (colour) shape.setAttribute("fill", colour);
  svg.append(shape);
  return svg;
}
