// The seats of a lobby. Seats that have not changed keep their place and their focus.

import { find } from "../site/find.js";

/**
 * @import { Find } from "../site/find.js"
 * @import { Lobby, Player, Tribe } from "./client.js"
 */

/** Shows the seats of a lobby in a list of them. */
export class Seats {
  /**
   * @param {Find} part
   * @param {string} me the reader's player id
   */
  constructor(part, me) {
    this.part = part;
    this.me = me;
    this.list = part("seats");
  }

  /** @param {Lobby} lobby */
  show(lobby) {
    const players = lobby.players;
    // Nobody can join a game that has started, so its free seats are not shown.
    const all = lobby.status === "Lobby" ? lobby.settings.seats : players.length;
    const free = Math.max(0, all - players.length);
    const known = byData(this.list, "player");
    const seats = players.map(
      (player) => known.get(player.player_id) ?? clone(this.part("seat", HTMLTemplateElement)),
    );
    seats.forEach((seat, n) => fill(seat, players[n], lobby, this.me));
    const empty = [...this.list.querySelectorAll(".seat--free")].slice(0, free);
    while (empty.length < free) empty.push(clone(this.part("free-seat", HTMLTemplateElement)));
    arrange(this.list, [...seats, ...empty]);
    this.part("taken").textContent = `${players.length} of ${all}`;
    showPips(this.part("pips"), players.length, all);
  }
}

/**
 * Returns the items of a list by a `data-…` attribute of theirs.
 * @param {Element} list
 * @param {string} attribute
 * @returns {Map<string, HTMLElement>}
 */
export function byData(list, attribute) {
  const items = [...list.children].filter((item) => item instanceof HTMLElement);
  return new Map(items.flatMap((item) => {
    const value = item.dataset[attribute];
    return value ? [[value, item]] : [];
  }));
}

/**
 * Makes these the children of a list, and moves only those that are elsewhere: moving drops the focus.
 * @param {Element} list
 * @param {Element[]} wanted
 */
export function arrange(list, wanted) {
  const keep = new Set(wanted);
  for (const child of [...list.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((item, n) => {
    if (list.children[n] !== item) list.insertBefore(item, list.children[n] ?? null);
  });
}

/**
 * Returns a copy of what a template holds.
 * @param {HTMLTemplateElement} template
 * @returns {HTMLElement}
 */
export function clone(template) {
  const [item] = document.importNode(template.content, true).children;
  if (item instanceof HTMLElement) return item;
  throw new Error("The template is empty.");
}

/**
 * Shows seats as shapes, the taken ones first.
 * @param {Element} element
 * @param {number} taken
 * @param {number} seats
 */
export function showPips(element, taken, seats) {
  element.replaceChildren(
    ...Array.from({ length: seats }, (_, n) => {
      const pip = document.createElement("span");
      pip.className = n < taken ? "pip pip--taken" : "pip";
      return pip;
    }),
  );
}

/**
 * @param {HTMLElement} seat
 * @param {Player} player
 * @param {Lobby} lobby
 * @param {string} me
 */
function fill(seat, player, lobby, me) {
  const part = find(seat, "part");
  const isMine = player.player_id === me;
  const inLobby = lobby.status === "Lobby";
  seat.dataset.player = player.player_id;
  seat.classList.toggle("seat--ready", player.is_ready && inLobby);
  seat.classList.toggle("seat--disconnected", !player.is_connected);
  part("colour", SVGElement).setAttribute("fill", player.tribe.color_theme);
  fillEmblem(part("emblem"), player.tribe);
  part("name").textContent = part("kick-name").textContent = player.username;
  part("tribe").replaceChildren(isolated(player.tribe.name), ` · ${player.tribe.archetype} · level ${player.level}`);
  part("you").hidden = !isMine;
  part("host").hidden = !player.is_host;
  part("ready").textContent = player.is_ready ? "✓ Ready" : "… Not ready";
  part("ready").hidden = !inLobby;
  part("disconnected").hidden = player.is_connected;
  part("kick").hidden = isMine || lobby.host !== me || !inLobby;
  for (const input of seat.querySelectorAll("input")) {
    if (input.name === "player") input.value = player.player_id;
  }
}

/**
 * Returns a name that may be written from right to left, and leaves the words around it where they are.
 * @param {string} name
 */
function isolated(name) {
  const element = document.createElement("bdi");
  element.textContent = name;
  return element;
}

/**
 * Shows the emblem of an archetype; all of them lie in one file, whose address the page knows.
 * @param {HTMLElement} emblem
 * @param {Tribe} tribe
 */
function fillEmblem(emblem, { archetype, color_theme: colour }) {
  const use = emblem.querySelector("use");
  const [file] = use?.getAttribute("href")?.split("#") ?? [""];
  use?.setAttribute("href", `${file}#${archetype}`);
  emblem.querySelector("svg")?.setAttribute("fill", colour);
}
