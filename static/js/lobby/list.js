// The list of open lobbies, which its socket updates in place.

import { LobbyList, socketAddress } from "./client.js";
import { byId, find } from "../site/find.js";
import { arrange, byData, clone, showPips } from "./seats.js";

/**
 * @import { Card } from "./client.js"
 * @import { StateDetail } from "./connection.js"
 */

const AGE_INTERVAL = 30_000;
const MAX_DELAY = 30_000; // between attempts; the list is less important than a seat
/** @type {Record<string, string>} */
const STATUS_TEXTS = { connecting: "Connecting …", waiting: "Reconnecting …", idle: "", live: "Live", ended: "" };
/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

const listPart = find(document, "list");
const cards = listPart("cards");
const { map = "", words = "", free = "" } = cards.dataset; // the filters
const relative = new Intl.RelativeTimeFormat("en");
const canHover = matchMedia("(hover: hover)");
const announcement = byId("announcement");
const list = new LobbyList(socketAddress("/ws/lobbies"), { maxDelay: MAX_DELAY });
/** @type {Map<string, Card> | null} the cards of the list; null before the first message */
let newestCards = null;
/** @type {Set<string>} lobbies that nobody can join any more, as far as is known */
const ended = new Set();
let isUpdatePending = false;

list.on("lobbies", (/** @type {{all: Map<string, Card>, gone: string[]}} */ { all, gone }) => {
  newestCards = all;
  for (const id of gone) ended.add(id);
  show();
});
list.on("state", (/** @type {StateDetail} */ { state }) => {
  const status = listPart("connection");
  status.hidden = !STATUS_TEXTS[state];
  status.dataset.state = state;
  status.textContent = STATUS_TEXTS[state];
});
for (const name of ["pointerleave", "focusout"]) {
  cards.addEventListener(name, () => {
    if (isUpdatePending) setTimeout(show);
  });
}
setInterval(showAges, AGE_INTERVAL);
list.open();
// A browser keeps a page for going back, but not its socket, and reports that as an error.
addEventListener("pagehide", () => list.close());
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) list.open();
});

/**
 * Returns whether a lobby matches the filters, by the same rules as the server.
 * @param {Card} card
 */
function matchesFilters(card) {
  if (card.free_seats < Number(free)) return false;
  if (map) return card.map.id === map;
  return card.map.name.toLowerCase().includes(words.toLowerCase());
}

/** Returns whether the list has the pointer or the focus. Cards must not move then. */
function isInUse() {
  return cards.matches(":focus-within") || (canHover.matches && cards.matches(":hover"));
}

/** @param {Element} item */
const createdAt = (item) => find(item, "part")("age", HTMLTimeElement).dateTime;

/** Returns the items of the list by the ids of their lobbies. */
const items = () => byData(cards, "lobby");

/**
 * Returns whether a card may remain that is not in the list: the socket lists only the newest lobbies.
 * @param {string} id
 * @param {HTMLElement} item
 */
const mayRemain = (id, item) => !newestCards?.has(id) && !ended.has(id) && list.mayMiss(createdAt(item));

function show() {
  if (!newestCards) return;
  const shown = items();
  isUpdatePending = isInUse();
  if (isUpdatePending) {
    for (const [id, item] of shown) updateInPlace(id, item, newestCards.get(id));
    return;
  }
  const matching = [...newestCards.values()].filter(matchesFilters).map((card) => {
    const item = shown.get(card.id) ?? clone(listPart("card", HTMLTemplateElement));
    fill(item, card);
    return item;
  });
  const old = [...items()].filter(([id, item]) => mayRemain(id, item)).map(([, item]) => item);
  const all = [...matching, ...old];
  all.sort((one, other) => Date.parse(createdAt(other)) - Date.parse(createdAt(one)));
  const before = shown.size;
  arrange(cards, all);
  listPart("empty").hidden = all.length > 0;
  // With filters, only the shown lobbies can be counted. Without, the server sends the total.
  const isNarrowed = map || words || Number(free) > 1;
  const number = isNarrowed ? all.length : Math.max(list.total, all.length);
  if (all.length !== before) announcement.textContent = count(number);
}

const count = (/** @type {number} */ n) => (n === 1 ? "1 open lobby" : `${n} open lobbies`);

/**
 * Updates a card in place, or marks it as closed.
 * @param {string} id
 * @param {HTMLElement} item
 * @param {Card} [card]
 */
function updateInPlace(id, item, card) {
  if (card) fill(item, card);
  else if (mayRemain(id, item)) return;
  item.classList.toggle("lobby-card--closed", !card || !matchesFilters(card));
  if (!card) find(item, "part")("seats").textContent = "No longer open";
}

/**
 * @param {HTMLElement} item
 * @param {Card} card
 */
function fill(item, card) {
  const part = find(item, "part");
  if (item.dataset.lobby !== card.id) {
    item.dataset.lobby = card.id;
    part("link", HTMLAnchorElement).href = `/lobbies/${card.id}/`;
    part("picture", HTMLImageElement).src = `/maps/${card.map.id}/card-unknown-0.webp`; // the picture as it is now
    part("name").textContent = card.map.name;
    part("age", HTMLTimeElement).dateTime = card.created_at;
    part("age").textContent = age(card.created_at);
    item.classList.add("lobby-card--new");
  }
  const taken = card.seats - card.free_seats;
  item.classList.remove("lobby-card--closed");
  part("host").textContent = card.host ?? "nobody";
  part("seats").textContent = `${taken} of ${card.seats} seats taken`;
  showPips(part("pips"), taken, card.seats);
}

function showAges() {
  for (const time of cards.querySelectorAll("time")) time.textContent = age(time.dateTime);
}

/** @param {string} moment */
function age(moment) {
  const seconds = Math.max(0, (Date.now() - Date.parse(moment)) / 1000);
  for (const [unit, size] of UNITS) {
    if (seconds >= size) return relative.format(-Math.floor(seconds / size), unit);
  }
  return "just now";
}
