/** The clients' view of lobbies: the version of each client, and the time of each change. */

const MAX_PRINTED_FAILURES = 5;

/** Failures of all clients. */
export const tally = { gaps: 0, errors: 0, closes: {} };

/**
 * Counts a failure, and prints the first ones.
 * @param {string} reason
 */
export function fail(reason) {
  tally.errors += 1;
  if (tally.errors <= MAX_PRINTED_FAILURES) console.error(reason);
}

/** One seat, and the last version that its client received. */
class Player {
  /** @type {number | undefined} */
  version;
  link;
  onClose = () => {};

  /**
   * @param {object} seat
   * @param {Lobby} lobby
   */
  constructor(seat, lobby) {
    this.seat = seat;
    this.lobby = lobby;
  }

  /** Connects, and waits for the state of the lobby. */
  async connect() {
    this.version = undefined;
    this.link = await this.lobby.dialect.connect(this.seat, this.lobby.seats, this);
  }

  /** @type {import("./dialects.mjs").Listener["seen"]} */
  seen(version, change) {
    const step = version - (this.version ?? version);
    if (step !== 0 && step !== 1) tally.gaps += 1;
    this.version = version;
    this.lobby.seen(version, change);
  }

  /** @param {number} code */
  closed(code) {
    this.link = undefined;
    tally.closes[code] = (tally.closes[code] ?? 0) + 1;
    this.onClose();
  }

  /** @param {string} reason */
  failed(reason) {
    fail(reason);
  }
}

/** The players of one lobby, and the changes that some of them have not received. */
export class Lobby {
  last = 0;
  /** @type {Map<number, {begun: number, version?: number}>} */
  pending = new Map();
  /** @type {Map<number, number>} milliseconds by the change's number */
  times = new Map();

  /**
   * @param {object[]} seats
   * @param {{connect: Function}} dialect
   */
  constructor(seats, dialect) {
    this.seats = seats;
    this.dialect = dialect;
    this.players = seats.map((seat) => new Player(seat, this));
  }

  /**
   * Sends a change by the player whose turn it is.
   * @param {number} number
   * @param {number} turn
   */
  change(number, turn) {
    const { link } = this.players[turn % this.players.length];
    if (!link) return fail("a change by a client without a connection");
    const ready = Math.floor(turn / this.players.length) % 2 === 0;
    this.pending.set(number, { begun: performance.now() });
    link.change(number, ready);
  }

  /**
   * @param {number} version
   * @param {number | undefined} change
   */
  seen(version, change) {
    const now = performance.now();
    this.last = Math.max(this.last, version);
    if (this.pending.has(change)) this.pending.get(change).version = version;
    for (const [number, { begun, version }] of this.pending) {
      if (this.players.every((player) => player.version >= version)) {
        this.pending.delete(number);
        this.times.set(number, now - begun);
      }
    }
  }

  /** Returns how many are connected and have the newest version. */
  inStep() {
    const connected = this.players.filter((player) => player.link);
    const newest = Math.max(...connected.map((player) => player.version));
    return connected.filter((player) => player.version === newest).length;
  }
}
