// The list of open lobbies, kept up to date in place by its socket.

import { LobbyList, socketAddress } from "./lobby-client.js";
import { arrange, clone, partOf, showPips } from "./lobby-seats.js";

const AGES_EVERY = 30_000;
const SLOWEST = 30_000; // between tries: a list may wait longer than a seat
const WORDS = { connecting: "Connecting …", waiting: "Reconnecting …", live: "Live", ended: "" };
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

const listPart = (name) => document.querySelector(`[data-list="${name}"]`);
const cards = listPart("cards");
const { map, words, free } = cards.dataset; // what is looked for
const relative = new Intl.RelativeTimeFormat("en");
const canHover = matchMedia("(hover: hover)");
const announcement = document.getElementById("announcement");
const list = new LobbyList(socketAddress("/ws/lobbies"), { slowest: SLOWEST });
let known = null; // the cards of the list; null before the first word
const ended = new Set(); // lobbies that nobody can join any more, as far as they were told of
let isWaiting = false;

list.addEventListener("lobbies", ({ detail }) => {
  known = detail.all;
  for (const id of detail.gone) ended.add(id);
  show();
});
list.addEventListener("state", ({ detail }) => {
  const wire = listPart("wire");
  wire.hidden = !WORDS[detail.state];
  wire.dataset.state = detail.state;
  wire.textContent = WORDS[detail.state];
});
for (const name of ["pointerleave", "focusout"]) {
  cards.addEventListener(name, () => isWaiting && setTimeout(show));
}
setInterval(showAges, AGES_EVERY);
list.open();

/** Whether a lobby is looked for: by the same rules as on the server. */
function isWanted(card) {
  if (card.free_seats < Number(free)) return false;
  if (map) return card.map.id === map;
  return card.map.name.toLowerCase().includes(words.toLowerCase());
}

/** Cards don't move under the pointer, nor away from the focus: then they change where they are. */
function isLookedAt() {
  return cards.matches(":focus-within") || (canHover.matches && cards.matches(":hover"));
}

/** Of many lobbies only the newest are told: a card of the server's that is older is left as it is. */
function mayStay(item) {
  const id = item.dataset.lobby;
  return !known.has(id) && !ended.has(id) && list.mayMiss(partOf(item)("age").dateTime);
}

const openedAt = (item) => Date.parse(partOf(item)("age").dateTime);

function show() {
  const shown = new Map([...cards.children].map((item) => [item.dataset.lobby, item]));
  isWaiting = isLookedAt();
  if (isWaiting) {
    for (const [id, item] of shown) mark(item, known.get(id));
    return;
  }
  const wanted = [...known.values()].filter(isWanted).map((card) => {
    const item = shown.get(card.id) ?? clone(listPart("card"));
    fill(item, card);
    return item;
  });
  const items = [...wanted, ...[...cards.children].filter(mayStay)];
  items.sort((one, other) => openedAt(other) - openedAt(one));
  const before = shown.size;
  arrange(cards, items);
  listPart("nothing").hidden = items.length > 0;
  // Not more than what is shown is known of those that are looked for; of all the server knows it.
  const isNarrowed = map || words || Number(free) > 1;
  const number = isNarrowed ? items.length : Math.max(list.total, items.length);
  if (items.length !== before) announcement.textContent = count(number);
}

const count = (n) => (n === 1 ? "1 open lobby" : `${n} open lobbies`);

/** Of a card that stays where it is: as it is now, or that it is gone. */
function mark(item, card) {
  if (card) fill(item, card);
  else if (mayStay(item)) return;
  item.classList.toggle("lobby-card--gone", !card || !isWanted(card));
  if (!card) partOf(item)("seats").textContent = "No longer open";
}

function fill(item, card) {
  const part = partOf(item);
  if (item.dataset.lobby !== card.id) {
    item.dataset.lobby = card.id;
    part("link").href = `/lobbies/${card.id}/`;
    part("picture").src = `/maps/${card.map.id}/card-unknown-0.webp`; // the picture as it is now
    part("name").textContent = card.map.name;
    part("age").dateTime = card.created_at;
    part("age").textContent = age(card.created_at);
    item.classList.add("lobby-card--new");
  }
  const taken = card.seats - card.free_seats;
  item.classList.remove("lobby-card--gone");
  part("host").textContent = card.host ?? "nobody";
  part("seats").textContent = `${taken} of ${card.seats} seats taken`;
  showPips(part("pips"), taken, card.seats);
}

function showAges() {
  for (const time of cards.querySelectorAll("time[datetime]")) time.textContent = age(time.dateTime);
}

function age(moment) {
  const seconds = Math.max(0, (Date.now() - Date.parse(moment)) / 1000);
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? [];
  return unit ? relative.format(-Math.floor(seconds / size), unit) : "just now";
}
