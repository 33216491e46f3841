// Shows the state of the connection.

/**
 * @import { Find } from "../site/find.js"
 * @import { LobbyClient } from "./client.js"
 * @import { StateDetail } from "./connection.js"
 */

const SHOW_CONNECTING_AFTER = 1_500; // milliseconds of the first connection
const RESTORED_DURATION = 4_000;
const SIGNED_OUT = 4401;
const REPLACED = 4409;
const FINAL = [4403, 4404]; // for these the page shows the end of the lobby

/** Shows the states of a client in the parts of a banner. */
export class ConnectionBanner {
  #timer = 0;
  #wasLost = false;

  /**
   * @param {Find} part
   * @param {LobbyClient} client
   */
  constructor(part, client) {
    this.part = part;
    this.client = client;
    part("connection-retry").addEventListener("click", () => {
      if (client.state === "ended") client.open();
      else client.retryNow();
    });
    client.on("state", (/** @type {StateDetail} */ detail) => this.#states[detail.state]?.(detail));
  }

  /** @type {Record<string, (detail: StateDetail) => void>} */
  #states = {
    connecting: () => {
      clearTimeout(this.#timer);
      const text = this.#wasLost ? "Connection lost, trying again …" : "Connecting …";
      this.#timer = setTimeout(() => this.#show("waiting", text), this.#wasLost ? 0 : SHOW_CONNECTING_AFTER);
    },
    waiting: ({ reason, retryAt }) => {
      this.#wasLost = true;
      const text = reason.startsWith("The connection") ? "Connection lost" : reason.replace(/\.$/, "");
      this.#show("waiting", `${text}, trying again`, { retry: true });
      this.#showSeconds(retryAt ?? Date.now());
    },
    live: () => {
      clearTimeout(this.#timer);
      if (!this.#wasLost) return this.#hide();
      this.#wasLost = false;
      this.#show("live", "Connected again.");
      this.#timer = setTimeout(() => this.#hide(), RESTORED_DURATION);
    },
    ended: ({ reason, code }) => {
      clearTimeout(this.#timer);
      this.#wasLost = true;
      if (!reason || FINAL.includes(code)) return this.#hide();
      this.#show("ended", reason, { retry: code === REPLACED, signIn: code === SIGNED_OUT });
      if (code === REPLACED) this.part("connection-retry").textContent = "Use it here";
    },
  };

  /** Focuses the visible button or link of the banner. */
  focusAction() {
    const action = this.part("connection").querySelector(":is(a, button):not([hidden])");
    if (action instanceof HTMLElement) action.focus();
  }

  /**
   * @param {string} state
   * @param {string} text
   * @param {{retry?: boolean, signIn?: boolean}} [actions] which buttons are shown
   */
  #show(state, text, { retry = false, signIn = false } = {}) {
    const banner = this.part("connection");
    banner.dataset.state = state;
    banner.hidden = false;
    // Setting the same text would announce it a second time.
    if (this.part("connection-text").textContent !== text) {
      this.part("connection-text").textContent = text;
    }
    this.part("connection-seconds").textContent = "";
    this.part("connection-retry").hidden = !retry;
    this.part("connection-retry").textContent = "Try now";
    this.part("connection-sign-in").hidden = !signIn;
  }

  /** @param {number} retryAt */
  #showSeconds(retryAt) {
    clearTimeout(this.#timer);
    const left = Math.ceil((retryAt - Date.now()) / 1000);
    this.part("connection-seconds").textContent = left > 0 ? ` in ${left} s` : " …";
    if (left > 0) this.#timer = setTimeout(() => this.#showSeconds(retryAt), 250);
  }

  #hide() {
    this.part("connection").hidden = true;
  }
}
