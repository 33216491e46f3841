// The list of open lobbies, kept up to date in place by its socket.

import { LobbyList, socketAddress } from "./client.js";
import { byId, find } from "../site/find.js";
import { arrange, byData, clone, showPips } from "./seats.js";

/**
 * @import { Card } from "./client.js"
 * @import { StateDetail } from "./connection.js"
 */

const AGES_EVERY = 30_000;
const MAX_DELAY = 30_000; // between attempts: a list may wait longer than a seat
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
let known = null;
/** @type {Set<string>} lobbies that nobody can join any more, as far as is known */
const ended = new Set();
let isWaiting = false;

list.on("lobbies", (/** @type {{all: Map<string, Card>, gone: string[]}} */ { all, gone }) => {
  known = all;
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
    if (isWaiting) setTimeout(show);
  });
}
setInterval(showAges, AGES_EVERY);
list.open();

/**
 * Returns whether a lobby matches the filters, by the same rules as the server.
 * @param {Card} card
 */
function isWanted(card) {
  if (card.free_seats < Number(free)) return false;
  if (map) return card.map.id === map;
  return card.map.name.toLowerCase().includes(words.toLowerCase());
}

/** Cards do not move while the list has the pointer or the focus. Then they change in place. */
function isInUse() {
  return cards.matches(":focus-within") || (canHover.matches && cards.matches(":hover"));
}

/** @param {Element} item */
const createdAt = (item) => find(item, "part")("age", HTMLTimeElement).dateTime;

/** Returns the items of the list by the ids of their lobbies. */
const items = () => byData(cards, "lobby");

/**
 * Returns whether a card of the server may remain: the socket lists only the newest of many lobbies.
 * @param {string} id
 * @param {HTMLElement} item
 */
const mayStay = (id, item) => !known?.has(id) && !ended.has(id) && list.mayMiss(createdAt(item));

function show() {
  if (!known) return;
  const shown = items();
  isWaiting = isInUse();
  if (isWaiting) {
    for (const [id, item] of shown) updateInPlace(id, item, known.get(id));
    return;
  }
  const wanted = [...known.values()].filter(isWanted).map((card) => {
    const item = shown.get(card.id) ?? clone(listPart("card", HTMLTemplateElement));
    fill(item, card);
    return item;
  });
  const old = [...items()].filter(([id, item]) => mayStay(id, item)).map(([, item]) => item);
  const all = [...wanted, ...old];
  all.sort((one, other) => Date.parse(createdAt(other)) - Date.parse(createdAt(one)));
  const before = shown.size;
  arrange(cards, all);
  listPart("empty").hidden = all.length > 0;
  // With filters, only the shown lobbies are known. Without, the server sends the total.
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
  else if (mayStay(id, item)) return;
  item.classList.toggle("lobby-card--closed", !card || !isWanted(card));
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
