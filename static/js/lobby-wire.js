// Says what happens with the connection, so that nobody sits before a dead page without knowing.

const QUIET = 1_500; // a first connection that takes longer than that is spoken of
const BACK_SHOWS = 4_000;
const SIGNED_OUT = 4401;
const REPLACED = 4409;
const FINAL = [4403, 4404]; // the page itself tells these, as the end of the lobby

/** Shows the states of a client in the parts of a banner. */
export class Wire {
  #timer = 0;
  #wasLost = false;

  /** @param {(name: string) => HTMLElement} part */
  constructor(part, client) {
    this.part = part;
    this.client = client;
    part("wire-again").addEventListener("click", () => {
      if (client.state === "ended") client.open();
      else client.hurry();
    });
    client.addEventListener("state", ({ detail }) => this.#states[detail.state]?.(detail));
  }

  #states = {
    connecting: () => {
      clearTimeout(this.#timer);
      const words = this.#wasLost ? "Connection lost, trying again …" : "Connecting …";
      this.#timer = setTimeout(() => this.#show("waiting", words), this.#wasLost ? 0 : QUIET);
    },
    waiting: ({ reason, retryAt }) => {
      this.#wasLost = true;
      const words = reason.startsWith("The connection") ? "Connection lost" : reason.replace(/\.$/, "");
      this.#show("waiting", `${words}, trying again`, { again: true });
      this.#count(retryAt);
    },
    live: () => {
      clearTimeout(this.#timer);
      if (!this.#wasLost) return this.#hide();
      this.#wasLost = false;
      this.#show("live", "Back again.");
      this.#timer = setTimeout(() => this.#hide(), BACK_SHOWS);
    },
    ended: ({ reason, code }) => {
      clearTimeout(this.#timer);
      this.#wasLost = true;
      if (!reason || FINAL.includes(code)) return this.#hide();
      this.#show("ended", reason, { again: code === REPLACED, signIn: code === SIGNED_OUT });
      if (code === REPLACED) this.part("wire-again").textContent = "Use it here";
    },
  };

  /** Leads whoever tries something on a page that has ended to what helps. */
  point() {
    this.part("wire").querySelector(":is(a, button):not([hidden])")?.focus();
  }

  #show(state, words, { again = false, signIn = false } = {}) {
    const wire = this.part("wire");
    wire.dataset.state = state;
    wire.hidden = false;
    // The same words again would be read aloud again.
    if (this.part("wire-words").textContent !== words) this.part("wire-words").textContent = words;
    this.part("wire-seconds").textContent = "";
    this.part("wire-again").hidden = !again;
    this.part("wire-again").textContent = "Try now";
    this.part("wire-sign-in").hidden = !signIn;
  }

  #count(retryAt) {
    clearTimeout(this.#timer);
    const left = Math.ceil((retryAt - Date.now()) / 1000);
    this.part("wire-seconds").textContent = left > 0 ? ` in ${left} s` : " …";
    if (left > 0) this.#timer = setTimeout(() => this.#count(retryAt), 250);
  }

  #hide() {
    this.part("wire").hidden = true;
  }
}
