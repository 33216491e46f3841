// The page of a lobby: shows the messages of the socket, and sends its forms as messages. Without this script
// or without a socket, the same forms are posted to the server.

import { enableCopyButton } from "../site/copy-button.js";
import { byId, find } from "../site/find.js";
import { Chat } from "./chat.js";
import { LobbyClient, socketAddress } from "./client.js";
import { ConnectionBanner } from "./connection-banner.js";
import { Countdown } from "./countdown.js";
import { Seats } from "./seats.js";

/**
 * @import { Lobby, Player, Refusal, Tribe } from "./client.js"
 * @import { StateDetail } from "./connection.js"
 * @typedef {(refusal: Refusal) => void} Refuse shows a refusal
 */

/** @type {Record<string, [string, string]>} title and text by the reason of the end */
const ENDINGS = {
  completed: ["The game is over", "The host ended it."],
  abandoned: ["The lobby is closed", "Everyone left, or nothing happened for an hour."],
  left: ["You have left", "Your seat is free again."],
  kicked: ["You were removed", "The host has removed you from this lobby."],
  banned: ["You are no longer in this lobby", "Your account is banned or deleted, so your seat is free for others."],
  expired: [
    "Your seat was freed while you were away",
    "Your seat is kept for half a minute. If the lobby is still open and has a free seat, you can join again.",
  ],
};
const REJOINABLE_ENDINGS = ["left", "expired"];
const NOTE_DURATION = 3_000;
const REFUSAL_DURATION = 4_000; // after the lobby has changed
const REMOVED = 4403;
const NO_SUCH_SESSION = 4404;

const page = byId("lobby");
const part = find(page, "part");
const ownId = page.dataset.player ?? "";

function start() {
  const client = new LobbyClient(socketAddress(`/ws/game-sessions/${page.dataset.lobby}`));
  const banner = new ConnectionBanner(part, client);
  /**
   * Shows a refusal. If the connection has ended, focuses the button of the banner.
   * @type {Refuse}
   */
  const refuse = ({ code, detail }) => {
    if (code === "ended") banner.focusAction();
    else showRefusal(detail);
  };
  const room = new Room(client, refuse);
  client.on("lobby", (lobby) => room.show(lobby));
  client.on("started", () => room.begin());
  client.on("closed", ({ reason }) => room.end(reason));
  client.on("error", ({ code, detail, closes }) => {
    if (code === "kicked") room.end("kicked"); // while this page was disconnected
    else if (!closes) showRefusal(detail); // the banner shows the state of the connection
  });
  client.on("state", (/** @type {StateDetail} */ { state, code }) => {
    page.dataset.connection = state;
    if (state === "live") hideRefusal();
    if (code === REMOVED) room.end("banned"); // after a kick, `closed` was emitted before
    if (code === NO_SUCH_SESSION) room.end("expired");
  });
  listenToForms(client, refuse);
  listenToConfirmations();
  listenToCopying();
  client.open();
}

/** The parts of the page that change with the lobby. */
class Room {
  /** @type {Lobby | null} */
  before = null;
  isOver = false;

  /**
   * @param {LobbyClient} client
   * @param {Refuse} refuse
   */
  constructor(client, refuse) {
    this.client = client;
    this.seats = new Seats(part, ownId);
    this.chat = new Chat(part, client, refuse);
    this.countdown = new Countdown(part, client, announce);
  }

  /** @param {Lobby} lobby */
  show(lobby) {
    this.seats.show(lobby);
    this.chat.update(lobby);
    this.countdown.show(lobby);
    showStatus(lobby.status);
    if (lobby.players.length >= lobby.settings.seats) part("invitation").hidden = true;
    hideRefusalSoon();
    showOwnControls(lobby);
    showSettings(lobby);
    if (this.before) this.#noteChanges(this.before, lobby);
    this.before = lobby;
  }

  begin() {
    announce("The game has started.");
    focusPhase("InProgress");
  }

  /** @param {string} reason */
  end(reason) {
    if (this.isOver) return; // the first reason is the most specific
    this.isOver = true;
    const [title, text] = ENDINGS[reason];
    part("over-title").textContent = title;
    part("over-text").textContent = text;
    part("return").hidden = !REJOINABLE_ENDINGS.includes(reason);
    part("rematch").hidden = reason !== "completed";
    part("room").hidden = true;
    hideRefusal();
    showStatus("over");
    focusPhase("over");
    announce(`${title}: ${text}`);
  }

  /**
   * @param {Lobby} before
   * @param {Lobby} after
   */
  #noteChanges(before, after) {
    const [old, now] = [before, after].map(
      (lobby) => new Map(lobby.players.map((player) => [player.player_id, player])),
    );
    for (const [id, player] of now) if (!old.has(id)) this.chat.note(`${player.username} has joined.`);
    for (const [id, player] of old) if (!now.has(id)) this.chat.note(`${player.username} has left.`);
    const host = now.get(after.host);
    if (before.host !== after.host && host) {
      this.chat.note(after.host === ownId ? "You are the host now." : `${host.username} is the host now.`);
    }
  }
}

// ---- Display -------------------------------------------------------------------------------------

/** @returns {NodeListOf<HTMLElement>} the elements that are shown only in some phases of a lobby */
const phases = () => page.querySelectorAll("[data-when]");

/**
 * @param {HTMLElement} element
 * @param {string} status
 */
const isShownAt = (element, status) => (element.dataset.when ?? "").split(" ").includes(status);

/** @param {string} status */
function showStatus(status) {
  page.dataset.status = status;
  for (const element of phases()) {
    element.hidden = !isShownAt(element, status);
  }
}

/** @param {string} status */
function focusPhase(status) {
  [...phases()].find((element) => isShownAt(element, status))?.focus();
}

/** @param {Lobby} lobby */
function showOwnControls(lobby) {
  const mine = lobby.players.find((player) => player.player_id === ownId);
  if (!mine) return;
  const isAlone = lobby.players.length === 1;
  const ready = part("ready-button", HTMLButtonElement);
  ready.setAttribute("aria-pressed", String(mine.is_ready));
  ready.value = mine.is_ready ? "no" : "yes";
  part("start").hidden = !mine.is_host || Boolean(lobby.countdown_ends_at);
  for (const input of part("start").querySelectorAll("input")) {
    if (input.name === "solo") input.disabled = !isAlone;
  }
  part("start-button").textContent = isAlone ? "Start alone" : "Start the game";
  part("hint").textContent = hint(lobby, mine, isAlone);
  part("end").hidden = !mine.is_host;
  showOwnTribe(mine.tribe);
}

/**
 * Shows the player's own tribe, also if it was created, renamed or chosen on another page.
 * @param {Tribe} tribe
 */
function showOwnTribe({ id, name, archetype }) {
  const select = part("own-tribe", HTMLSelectElement);
  if (![...select.options].some((option) => option.value === id)) select.add(new Option("", id));
  select.value = id;
  const [option] = select.selectedOptions;
  const text = `${name} (${archetype})`;
  if (option.text !== text) option.text = text;
  const rematch = part("rematch", HTMLAnchorElement);
  const address = new URL(rematch.href);
  address.searchParams.set("tribe", id);
  rematch.href = address.href;
}

/**
 * Returns a sentence about what is missing for the start of the game.
 * @param {Lobby} lobby
 * @param {Player} mine
 * @param {boolean} isAlone
 */
function hint(lobby, mine, isAlone) {
  if (lobby.countdown_ends_at) return "The game is starting.";
  if (!lobby.map.is_playable) return "The map can’t be played right now: it has errors, or a moderator has hidden it.";
  const others = lobby.players.filter((player) => player !== mine && !(player.is_ready && player.is_connected));
  const names = others.map((player) => player.username).join(", ");
  if (mine.is_host && isAlone) return "Wait for friends, or start alone.";
  if (!mine.is_ready) return "Press “I’m ready” first.";
  if (names) return `Waiting for ${names}.`;
  return mine.is_host ? "Everyone is ready." : "Everyone is ready. The host starts the game.";
}

/** @param {Lobby} lobby */
function showSettings(lobby) {
  const { is_public: isPublic, seats } = lobby.settings;
  const isHost = lobby.host === ownId;
  const form = part("settings", HTMLFormElement);
  form.hidden = !isHost;
  part("settings-text").hidden = isHost;
  const who = isPublic ? "Anyone may join" : "Friends with the link or code may join";
  part("settings-text").textContent = `${who}, up to ${seats} players.`;
  if (form.contains(document.activeElement)) return; // the host is changing the settings
  for (const radio of form.querySelectorAll("input")) {
    if (radio.name === "is_public") radio.checked = (radio.value === "yes") === isPublic;
    if (radio.name === "seats") radio.checked = radio.value === String(seats);
  }
}

// ---- Forms ---------------------------------------------------------------------------------------

/** @param {FormData} data @param {string} name */
const text = (data, name) => String(data.get(name));

/**
 * @param {LobbyClient} client
 * @param {Refuse} refuse
 */
function listenToForms(client, refuse) {
  /** @type {Record<string, (data: FormData) => Promise<unknown>>} */
  const commands = {
    ready: (data) => client.ready(data.get("is_ready") === "yes"),
    start: async (data) => {
      const isSolo = data.has("solo");
      // A player who plays alone does not have to be ready first.
      if (isSolo && part("ready-button", HTMLButtonElement).value === "yes") await client.ready(true);
      await client.start(isSolo);
    },
    tribe: (data) => client.tribe(text(data, "tribe")),
    kick: (data) => client.kick(text(data, "player")),
    settings: (data) => {
      const seats = /** @type {2 | 3 | 4} */ (Number(data.get("seats")));
      return client.settings({ is_public: data.get("is_public") === "yes", seats });
    },
    leave: async () => {
      await client.leave();
      location.assign(page.dataset.nextUrl ?? "/");
    },
  };
  page.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    if ("needs" in form.dataset && client.state !== "live") {
      event.preventDefault();
      showRefusal("You are not connected. Try again when the connection is back.");
    }
    const command = commands[form.dataset.command ?? ""];
    if (!command) return;
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    hideRefusal();
    form.ariaBusy = "true";
    try {
      await command(new FormData(form, event.submitter));
      handleSuccess(form);
    } catch (error) {
      refuse(/** @type {Refusal} */ (error));
    } finally {
      form.ariaBusy = null;
    }
  });
  part("own-tribe-button").hidden = true;
  const tribes = part("own-tribe", HTMLSelectElement);
  tribes.addEventListener("change", () => tribes.form?.requestSubmit());
}

/** @param {HTMLFormElement} form */
function handleSuccess(form) {
  const confirmation = form.closest("details");
  if (confirmation) confirmation.open = false;
  if (form === part("settings")) showNote(part("saved"), "Saved.");
}

/** Closes confirmations on Escape, on a click elsewhere, and when another one opens. */
function listenToConfirmations() {
  /** @returns {NodeListOf<HTMLDetailsElement>} */
  const confirmations = () => page.querySelectorAll("details.confirm[open]");
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (key !== "Escape" || !(target instanceof Element)) return;
    const confirmation = target.closest("details.confirm[open]");
    if (!(confirmation instanceof HTMLDetailsElement)) return;
    confirmation.open = false;
    confirmation.querySelector("summary")?.focus();
  });
  document.addEventListener("click", ({ target }) => {
    const clicked = target instanceof Element && target.closest("details.confirm");
    for (const confirmation of confirmations()) {
      if (confirmation !== clicked) confirmation.open = false;
    }
  });
}

function listenToCopying() {
  const announceCopy = (/** @type {string} */ words) => showNote(part("copied"), words);
  const link = part("link", HTMLInputElement);
  enableCopyButton(part("copy"), link, announceCopy, "Copied. Send it to your friends.");
}

// ---- Messages ------------------------------------------------------------------------------------

/** @type {ReturnType<typeof setTimeout> | undefined} */
let hideTimer;

/** @param {string} words */
function showRefusal(words) {
  hideRefusal();
  part("refusal").textContent = words;
  part("refusal").hidden = false;
}

/** Hides a refusal after a while, because the lobby has changed and the action may be possible now. */
function hideRefusalSoon() {
  if (!part("refusal").hidden) hideTimer ??= setTimeout(hideRefusal, REFUSAL_DURATION);
}

function hideRefusal() {
  clearTimeout(hideTimer);
  hideTimer = undefined;
  part("refusal").hidden = true;
}

/** @param {string} words */
function announce(words) {
  part("announcement").textContent = words;
}

/**
 * Shows a text for a moment.
 * @param {HTMLElement} element
 * @param {string} words
 */
function showNote(element, words) {
  element.textContent = words;
  setTimeout(() => {
    element.textContent = "";
  }, NOTE_DURATION);
}

if (page.querySelector("[data-part=room]")) start(); // not for a lobby that is over
