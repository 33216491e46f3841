// The seats of a lobby. Seats that have not changed are not moved, so that they do not lose the focus.

import { find } from "../site/find.js";

/**
 * @import { Find } from "../site/find.js"
 * @import { Lobby, Player, Tribe } from "./client.js"
 */

/** Shows the seats of a lobby in a list. */
export class Seats {
  /**
   * @param {Find} part
   * @param {string} ownId the reader's player id
   */
  constructor(part, ownId) {
    this.part = part;
    this.ownId = ownId;
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
    seats.forEach((seat, n) => fill(seat, players[n], lobby, this.ownId));
    const empty = [...this.list.querySelectorAll(".seat--free")].slice(0, free);
    while (empty.length < free) empty.push(clone(this.part("free-seat", HTMLTemplateElement)));
    arrange(this.list, [...seats, ...empty]);
    this.part("taken").textContent = `${players.length} of ${all}`;
    showPips(this.part("pips"), players.length, all);
  }
}

/**
 * Returns the items of a list by the value of a `data-…` attribute.
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
 * Makes items the children of a list. Moves as few as possible, because moving an element drops its focus.
 * @param {Element} list
 * @param {Element[]} wanted
 */
export function arrange(list, wanted) {
  const wantedItems = new Set(wanted);
  for (const child of [...list.children]) if (!wantedItems.has(child)) child.remove();
  wanted.forEach((item, n) => {
    if (list.children[n] !== item) list.insertBefore(item, list.children[n] ?? null);
  });
}

/**
 * Returns a copy of the content of a template.
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
 * @param {string} ownId
 */
function fill(seat, player, lobby, ownId) {
  const part = find(seat, "part");
  const isMine = player.player_id === ownId;
  const inLobby = lobby.status === "Lobby";
  seat.dataset.player = player.player_id;
  seat.classList.toggle("seat--ready", player.is_ready && inLobby);
  seat.classList.toggle("seat--disconnected", !player.is_connected);
  part("colour", SVGElement).setAttribute("fill", player.tribe.color_theme);
  fillEmblem(part("emblem"), player.tribe);
  part("name").textContent = part("kick-name").textContent = player.username;
  part("tribe").replaceChildren(bidiIsolate(player.tribe.name), ` · ${player.tribe.archetype} · level ${player.level}`);
  part("you").hidden = !isMine;
  part("host").hidden = !player.is_host;
  part("ready").textContent = player.is_ready ? "✓ Ready" : "… Not ready";
  part("ready").hidden = !inLobby;
  part("disconnected").hidden = player.is_connected;
  part("kick").hidden = isMine || lobby.host !== ownId || !inLobby;
  for (const input of seat.querySelectorAll("input")) {
    if (input.name === "player") input.value = player.player_id;
  }
}

/**
 * Returns a name as a `bdi` element, so that a right-to-left name does not reorder the text around it.
 * @param {string} name
 */
function bidiIsolate(name) {
  const element = document.createElement("bdi");
  element.textContent = name;
  return element;
}

/**
 * Shows the emblem of an archetype. All emblems are in one file, whose address is in the page.
 * @param {HTMLElement} emblem
 * @param {Tribe} tribe
 */
function fillEmblem(emblem, { archetype, color_theme: colour }) {
  const use = emblem.querySelector("use");
  const [file] = use?.getAttribute("href")?.split("#") ?? [""];
  use?.setAttribute("href", `${file}#${archetype}`);
  emblem.querySelector("svg")?.setAttribute("fill", colour);
}
