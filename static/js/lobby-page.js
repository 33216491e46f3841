// The page of a lobby: shows what the socket tells, and sends what its forms say. Without this script,
// or where there is no socket, the same forms go to the server as forms do.

import { letCopy } from "./copying.js";
import { Chat } from "./lobby-chat.js";
import { LobbyClient, socketAddress } from "./lobby-client.js";
import { Countdown } from "./lobby-countdown.js";
import { Seats, partOf } from "./lobby-seats.js";
import { Wire } from "./lobby-wire.js";

const OVER = {
  completed: ["The game is over", "The host ended it."],
  abandoned: ["The lobby is closed", "Nobody was left, or nothing happened for an hour."],
  left: ["You have left", "Your seat is free, for others and for you."],
  kicked: ["You were removed", "The host has removed you from this lobby."],
  shut: ["You are out of this lobby", "Your account is suspended or erased, so your seat is free for others."],
  gone: [
    "Your seat was freed while you were away",
    "Seats are kept for half a minute. If the lobby is still open and has a free one, sit down again.",
  ],
};
const MAY_RETURN = ["left", "gone"];
const COPIED_SHOWS = 3_000;
const REFUSAL_STAYS = 4_000; // after the lobby has changed
const REMOVED = 4403;
const NO_SUCH_SESSION = 4404;

const page = document.getElementById("lobby");
const part = partOf(page);
const me = page.dataset.player;

function start() {
  const client = new LobbyClient(socketAddress(`/ws/game-sessions/${page.dataset.lobby}`));
  const wire = new Wire(part, client);
  /** Says why something can't be done; where nothing can, leads to what helps. */
  const refuse = ({ code, detail }) => (code === "ended" ? wire.point() : complain(detail));
  const room = new Room(client, refuse);
  client.addEventListener("lobby", ({ detail }) => room.show(detail));
  client.addEventListener("started", () => room.begin());
  client.addEventListener("closed", ({ detail }) => room.end(detail.reason));
  client.addEventListener("error", ({ detail }) => {
    if (detail.code === "kicked") room.end("kicked"); // while this page was away
    else if (!detail.closes) complain(detail.detail); // the banner tells of the connection
  });
  client.addEventListener("state", ({ detail }) => {
    page.dataset.wire = detail.state;
    if (detail.state === "live") settle();
    if (detail.code === REMOVED) room.end("shut"); // the host's removing was told before
    if (detail.code === NO_SUCH_SESSION) room.end("gone");
  });
  listenToForms(client, refuse);
  listenToConfirmations();
  listenToCopying();
  client.open();
}

/** All that changes on the page with the lobby. */
class Room {
  constructor(client, refuse) {
    this.client = client;
    this.seats = new Seats(part, me);
    this.chat = new Chat(part, client, refuse);
    this.countdown = new Countdown(part, client, tell);
    this.before = null;
    this.isOver = false;
  }

  show(lobby) {
    this.seats.show(lobby);
    this.chat.know(lobby);
    this.countdown.show(lobby);
    showStatus(lobby.status);
    if (lobby.players.length >= lobby.settings.seats) part("invitation").hidden = true;
    outdate();
    showOwn(lobby);
    showSettings(lobby);
    if (this.before) this.#tellChanges(this.before, lobby);
    this.before = lobby;
  }

  begin() {
    tell("The game has started.");
    page.querySelector("[data-when~=InProgress]").focus();
  }

  end(reason) {
    if (this.isOver) return; // the first reason is the one that says most
    this.isOver = true;
    [part("over-title").textContent, part("over-words").textContent] = OVER[reason];
    part("return").hidden = !MAY_RETURN.includes(reason);
    part("rematch").hidden = reason !== "completed";
    part("room").hidden = true;
    settle();
    showStatus("over");
    page.querySelector("[data-when=over]").focus();
    tell(OVER[reason].join(": "));
  }

  #tellChanges(before, after) {
    const [old, now] = [before, after].map(
      (lobby) => new Map(lobby.players.map((player) => [player.player_id, player])),
    );
    for (const [id, player] of now) if (!old.has(id)) this.chat.note(`${player.username} has joined.`);
    for (const [id, player] of old) if (!now.has(id)) this.chat.note(`${player.username} has left.`);
    const host = now.get(after.host);
    if (before.host !== after.host && host) {
      this.chat.note(after.host === me ? "You are the host now." : `${host.username} is the host now.`);
    }
  }
}

// ---- What is shown -------------------------------------------------------------------------------

function showStatus(status) {
  page.dataset.status = status;
  for (const element of page.querySelectorAll("[data-when]")) {
    element.hidden = !element.dataset.when.split(" ").includes(status);
  }
}

function showOwn(lobby) {
  const mine = lobby.players.find((player) => player.player_id === me);
  if (!mine) return;
  const isAlone = lobby.players.length === 1;
  const ready = part("ready-button");
  ready.setAttribute("aria-pressed", String(mine.is_ready));
  ready.value = mine.is_ready ? "no" : "yes";
  part("start").hidden = !mine.is_host || Boolean(lobby.countdown_ends_at);
  part("start").elements.solo.disabled = !isAlone;
  part("start-button").textContent = isAlone ? "Start alone" : "Start the game";
  part("hint").textContent = hint(lobby, mine, isAlone);
  part("end").hidden = !mine.is_host;
  showOwnTribe(mine.tribe);
}

/** Also a tribe that was made, renamed or chosen on another page. */
function showOwnTribe({ id, name, archetype }) {
  const select = part("own-tribe");
  if (![...select.options].some((option) => option.value === id)) select.add(new Option("", id));
  select.value = id;
  const [option] = select.selectedOptions;
  const words = `${name} (${archetype})`;
  if (option.text !== words) option.text = words;
  const again = new URL(part("rematch").href);
  again.searchParams.set("tribe", id);
  part("rematch").href = again;
}

/** What must still happen before the game can start. */
function hint(lobby, mine, isAlone) {
  if (lobby.countdown_ends_at) return "The game is starting.";
  if (!lobby.map.is_playable) return "The map can’t be played right now: its author has broken it, or a moderator has hidden it.";
  const others = lobby.players.filter((player) => player !== mine && !(player.is_ready && player.is_connected));
  const names = others.map((player) => player.username).join(", ");
  if (mine.is_host && isAlone) return "Wait for friends, or start alone.";
  if (!mine.is_ready) return "Press “I’m ready” first.";
  if (names) return `Waiting for ${names}.`;
  return mine.is_host ? "Everyone is ready." : "Everyone is ready. The host starts the game.";
}

function showSettings(lobby) {
  const { is_public: isPublic, seats } = lobby.settings;
  const isHost = lobby.host === me;
  const form = part("settings");
  form.hidden = !isHost;
  part("settings-words").hidden = isHost;
  const who = isPublic ? "Anyone may join" : "Friends with the link or code may join";
  part("settings-words").textContent = `${who}, up to ${seats} players.`;
  if (form.contains(document.activeElement)) return; // somebody is choosing
  // On a private map there is one of them alone, which is no list of radios then.
  for (const radio of form.querySelectorAll("[name=is_public]")) radio.checked = (radio.value === "yes") === isPublic;
  form.elements.seats.value = String(seats);
}

// ---- What is done --------------------------------------------------------------------------------

function listenToForms(client, refuse) {
  const commands = {
    ready: (data) => client.ready(data.get("is_ready") === "yes"),
    start: async (data) => {
      const isSolo = data.has("solo");
      // Alone, one press is enough: nobody else waits to hear that one is ready.
      if (isSolo && part("ready-button").value === "yes") await client.ready(true);
      await client.start(isSolo);
    },
    tribe: (data) => client.tribe(data.get("tribe")),
    kick: (data) => client.kick(data.get("player")),
    settings: (data) =>
      client.settings({ is_public: data.get("is_public") === "yes", seats: Number(data.get("seats")) }),
    leave: async () => {
      await client.leave();
      location.assign(page.dataset.onward);
    },
  };
  page.addEventListener("submit", async (event) => {
    const form = event.target;
    if ("needs" in form.dataset && client.state !== "live") {
      event.preventDefault();
      complain("Not while the connection is lost. Try again when it is back.");
    }
    const act = commands[form.dataset.command];
    if (!act) return;
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    settle();
    form.ariaBusy = "true";
    try {
      await act(new FormData(form, event.submitter));
      done(form);
    } catch (error) {
      refuse(error);
    } finally {
      form.ariaBusy = null;
    }
  });
  part("own-tribe-button").hidden = true;
  part("own-tribe").addEventListener("change", (event) => event.target.form.requestSubmit());
}

function done(form) {
  const confirmation = form.closest("details");
  if (confirmation) confirmation.open = false;
  if (form === part("settings")) flash(part("saved"), "Saved.");
}

/** Questions close by Escape, by a click elsewhere, and when another one opens. */
function listenToConfirmations() {
  const close = (except) => {
    for (const open of page.querySelectorAll("details.confirm[open]")) {
      if (open !== except) open.open = false;
    }
  };
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && event.target.closest?.("details.confirm[open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => close(event.target.closest("details.confirm")));
}

function listenToCopying() {
  const tell = (words) => flash(part("copied"), words);
  letCopy(part("copy"), part("link"), tell, "Copied. Send it to your friends.");
}

// ---- Words ---------------------------------------------------------------------------------------

let outdated = null;

function complain(words) {
  settle();
  part("refused").textContent = words;
  part("refused").hidden = false;
}

/** The lobby has changed: what was refused may be possible by now. It is left there to be read. */
function outdate() {
  if (!part("refused").hidden) outdated ??= setTimeout(settle, REFUSAL_STAYS);
}

function settle() {
  clearTimeout(outdated);
  outdated = null;
  part("refused").hidden = true;
}

function tell(words) {
  part("told").textContent = words;
}

function flash(element, words) {
  element.textContent = words;
  setTimeout(() => (element.textContent = ""), COPIED_SHOWS);
}

if (part("room")) start(); // a lobby that is over has none
