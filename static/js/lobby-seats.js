// Who sits where, kept as it is: what has not changed stays in its place, with its focus.

/** A part of an element by its name. */
export const partOf = (root) => (name) => root.querySelector(`[data-part="${name}"]`);

/** Shows the seats of a lobby in a list of them. */
export class Seats {
  constructor(part, me) {
    Object.assign(this, { part, me });
    this.list = part("seats");
  }

  show(lobby) {
    const players = lobby.players;
    // A game that has begun is joined by nobody: its seats are those that are taken.
    const all = lobby.status === "Lobby" ? lobby.settings.seats : players.length;
    const free = Math.max(0, all - players.length);
    const known = new Map([...this.list.querySelectorAll("[data-player]")].map((li) => [li.dataset.player, li]));
    const seats = players.map((player) => known.get(player.player_id) ?? clone(this.part("seat")));
    seats.forEach((seat, n) => fill(seat, players[n], lobby, this.me));
    const empty = [...this.list.querySelectorAll(".seat--free")].slice(0, free);
    while (empty.length < free) empty.push(clone(this.part("free-seat")));
    arrange(this.list, [...seats, ...empty]);
    this.part("taken").textContent = `${players.length} of ${all}`;
    showPips(this.part("pips"), players.length, all);
  }
}

/** Makes these the children of a list, and moves only those that are elsewhere: moving drops the focus. */
export function arrange(list, wanted) {
  const keep = new Set(wanted);
  for (const child of [...list.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((item, n) => {
    if (list.children[n] !== item) list.insertBefore(item, list.children[n] ?? null);
  });
}

/** A copy of what a template holds. */
export const clone = (template) => template.content.firstElementChild.cloneNode(true);

/** Seats as shapes, the taken ones first. */
export function showPips(element, taken, seats) {
  element.replaceChildren(
    ...Array.from({ length: seats }, (_, n) => {
      const pip = document.createElement("span");
      pip.className = n < taken ? "pip pip--taken" : "pip";
      return pip;
    }),
  );
}

function fill(seat, player, lobby, me) {
  const part = partOf(seat);
  const isMine = player.player_id === me;
  const inLobby = lobby.status === "Lobby";
  seat.dataset.player = player.player_id;
  seat.classList.toggle("seat--ready", player.is_ready && inLobby);
  seat.classList.toggle("seat--lost", !player.is_connected);
  part("colour").setAttribute("fill", player.tribe.color_theme);
  fillEmblem(part("emblem"), player.tribe);
  part("name").textContent = part("kick-name").textContent = player.username;
  part("tribe").replaceChildren(isolated(player.tribe.name), ` · ${player.tribe.archetype} · level ${player.level}`);
  part("you").hidden = !isMine;
  part("host").hidden = !player.is_host;
  part("ready").textContent = player.is_ready ? "✓ Ready" : "… Not ready";
  part("ready").hidden = !inLobby;
  part("lost").hidden = player.is_connected;
  part("kick").hidden = isMine || lobby.host !== me || !inLobby;
  seat.querySelector("[name=player]").value = player.player_id;
}

/** A name that may be written from right to left, and leaves the words around it where they are. */
function isolated(name) {
  const element = document.createElement("bdi");
  element.textContent = name;
  return element;
}

/** The shape of an archetype; all of them lie in one file, whose address the page knows. */
function fillEmblem(emblem, { archetype, color_theme: colour }) {
  const use = emblem.querySelector("use");
  const [file] = use.getAttribute("href").split("#");
  use.setAttribute("href", `${file}#${archetype}`);
  emblem.querySelector("svg").setAttribute("fill", colour);
}
