// The chat of a lobby. Messages are plain text, never markup.

import { MAX_CHAT_LENGTH } from "./client.js";

/**
 * @import { Find } from "../site/find.js"
 * @import { Lobby, LobbyClient, Player, Refusal } from "./client.js"
 * @typedef {{player_id: string, text: string, at: string}} ChatMessage
 */

const MOST_SHOWN = 200;
const COUNTED_FROM = 60; // characters left
const NEAR_END = 40; // pixels
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
   * @param {(refusal: Refusal) => void} refuse shows what was refused
   */
  constructor(part, client, refuse) {
    this.part = part;
    this.client = client;
    this.refuse = refuse;
    this.form = part("chat-form", HTMLFormElement);
    this.input = part("chat-input", HTMLInputElement);
    this.form.hidden = false;
    this.form.addEventListener("submit", (event) => this.#send(event));
    this.input.addEventListener("input", () => this.#count());
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
   * Shows an event between the messages.
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
    this.#count();
    if (this.client.state !== "live") this.part("characters-left").textContent = "Your message will be sent when the connection is back.";
    try {
      await this.client.chat(text);
      this.#count();
    } catch (error) {
      this.input.value ||= text; // so that no text is lost
      this.#count();
      this.refuse(/** @type {Refusal} */ (error));
    }
  }

  #count() {
    const left = MAX_CHAT_LENGTH - this.input.value.length;
    this.part("characters-left").textContent = left <= COUNTED_FROM ? `${left} characters left` : "";
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
    const words = document.createElement("span");
    words.className = "chat__text";
    words.dir = "auto"; // by its own first letter
    words.textContent = text;
    line.append(swatch(player?.tribe.color_theme), name, " ", time, words);
    this.#append(line);
  }

  /** @param {HTMLElement} line */
  #append(line) {
    const log = this.part("log");
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
    log.querySelector("[data-part=log-empty]")?.remove();
    log.append(line);
    while (log.children.length > MOST_SHOWN) log.firstElementChild?.remove();
    // A player who reads older messages stays there.
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  }
}

/**
 * Returns a patch of a tribe's colour; as an attribute of SVG, since the page forbids styles of its own.
 * @param {string} [colour]
 */
function swatch(colour) {
  const [svg, shape] = ["svg", "circle"].map((name) => document.createElementNS(SVG, name));
  const look = { viewBox: "0 0 8 8", class: "chat__swatch", "aria-hidden": "true" };
  for (const [name, value] of Object.entries(look)) svg.setAttribute(name, value);
  for (const [name, value] of Object.entries({ cx: "4", cy: "4", r: "4" })) shape.setAttribute(name, value);
  if (colour) shape.setAttribute("fill", colour);
  svg.append(shape);
  return svg;
}
