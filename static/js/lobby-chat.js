// The chat of a lobby. What people write is text, and becomes text: never markup.

import { LONGEST_CHAT } from "./lobby-client.js";

const MOST_SHOWN = 200;
const COUNTED_FROM = 60; // characters left
const NEAR_END = 40; // pixels
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "medium" });

/** Shows what is said, and sends what one says. */
export class Chat {
  #people = new Map(); // also those who have left

  /** `refuse` is told of errors. */
  constructor(part, client, refuse) {
    Object.assign(this, { part, client, refuse });
    this.form = part("say");
    this.input = this.form.elements.text;
    this.form.hidden = false;
    this.form.addEventListener("submit", (event) => this.#say(event));
    this.input.addEventListener("input", () => this.#count());
    client.addEventListener("chat", ({ detail }) => this.#show(detail));
  }

  know(lobby) {
    for (const player of lobby.players) this.#people.set(player.player_id, player);
  }

  /** Says something that happened, among what people say. */
  note(words) {
    const line = document.createElement("p");
    line.className = "chat__note small";
    line.textContent = words;
    this.#append(line);
  }

  async #say(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (!text) return;
    this.input.value = "";
    this.#count();
    if (this.client.state !== "live") this.part("left").textContent = "It goes out when the connection is back.";
    try {
      await this.client.chat(text);
      this.#count();
    } catch (error) {
      this.input.value ||= text; // nothing typed is lost
      this.#count();
      this.refuse(error);
    }
  }

  #count() {
    const left = LONGEST_CHAT - this.input.value.length;
    this.part("left").textContent = left <= COUNTED_FROM ? `${left} characters left` : "";
  }

  #show({ player_id: id, text, at }) {
    const player = this.#people.get(id);
    const line = document.createElement("p");
    line.className = "chat__line";
    const time = document.createElement("time");
    const said = new Date(at);
    Object.assign(time, { dateTime: at, title: exact.format(said), textContent: clock.format(said) });
    time.className = "small";
    const name = document.createElement("strong");
    name.dir = "auto";
    name.textContent = player?.username ?? "Somebody";
    const words = document.createElement("span");
    words.className = "chat__words";
    words.dir = "auto"; // by its own first letter
    words.textContent = text;
    line.append(swatch(player?.tribe.color_theme), name, " ", time, words);
    this.#append(line);
  }

  #append(line) {
    const log = this.part("log");
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
    this.part("log-empty")?.remove();
    log.append(line);
    while (log.children.length > MOST_SHOWN) log.firstElementChild.remove();
    // Who reads what was said before is not carried away.
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  }
}

/** A patch of a tribe's colour; as an attribute of SVG, since the page forbids styles of its own. */
function swatch(colour = "#4a6076") {
  const [svg, shape] = ["svg", "circle"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
  const look = { viewBox: "0 0 8 8", class: "chat__swatch", "aria-hidden": "true" };
  for (const [name, value] of Object.entries(look)) svg.setAttribute(name, value);
  for (const [name, value] of Object.entries({ cx: 4, cy: 4, r: 4, fill: colour })) shape.setAttribute(name, value);
  svg.append(shape);
  return svg;
}
