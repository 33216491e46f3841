/**
 * Clients of many lobbies of either server, in one process:
 *
 *     node load.mjs PLAN.json
 *
 * The plan: `dialect` ("tribehold" or "colyseus"), `url` (of the Colyseus server), `lobbies` (a list of
 * lists of seats; for Colyseus a seat may be {}), `mode` (by default "load"), and what the mode needs. A
 * seat of ours has `url`, `ticket`, and may have `origin` and `address` (sent as X-Forwarded-For).
 *
 * `load`: each lobby makes `changes_per_second`, its seats in turn, for `warmup` and then for `seconds`;
 * changes are spread evenly over the lobbies, the same in each run. At first, nobody is ready. The time
 * of a change runs from just before it is sent until all seats of the lobby have its version or a later
 * one. Prints {sent, seen, p50, p99, max, behind, gaps, errors, closes}: times in milliseconds, of what
 * was sent after the warm-up; `behind` counts clients without their lobby's last version at the end, `gaps`
 * counts states whose version is not the next one.
 *
 * `idle`: prints {connected}, and waits for a line at stdin.
 *
 * `reconnect`: prints {connected} and waits for a line at stdin. From then on each client whose socket is
 * closed reconnects, with a ticket from `seat.reconnect_url` for `seat.token`. Prints {in_step, seconds}: how
 * many have their lobby's version, and the time from the first close until all had it. It stops after `seconds`
 * of the plan.
 *
 * Exits with 1 if a client is behind or not connected, a change was not received by all, or anything failed.
 */

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import { dialects } from "./dialects.mjs";
import { Lobby, fail, tally } from "./lobbies.mjs";

const MAX_CONCURRENT = 50; // clients that connect, and requests, at the same time
const STRAGGLERS = 5_000; // ms
const STEADY = 1_000; // ms that all must have the newest version
const BACKOFF = [100, 5_000]; // ms
const LEAVING = 2_000; // ms

/**
 * Calls `work` with each item, at most MAX_CONCURRENT calls at the same time.
 * @template T
 * @param {T[]} items
 * @param {(item: T) => Promise<void>} work
 */
async function each(items, work) {
  const remaining = items.values();
  const worker = async () => {
    for (const item of remaining) await work(item);
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENT }, worker));
}

/** Connects all players. Returns how many are connected. */
async function connectAll() {
  await each(players, (player) =>
    player.connect().catch((why) => fail(`connecting: ${why.message}`)),
  );
  return players.filter((player) => player.link).length;
}

/** Resolves with the next line at stdin, or at its end. */
function nextLine() {
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin });
    lines.once("line", () => lines.close());
    lines.once("close", resolve);
  });
}

/** @param {number | undefined} figure */
const rounded = (figure) => (figure === undefined ? null : Number(figure.toFixed(3)));

/** @param {object} figures */
const print = (figures) => console.log(JSON.stringify(figures));

/** Sends changes at a fixed rate and prints their times. Returns whether all clients received all changes. */
async function load() {
  if ((await connectAll()) < players.length) return false;
  const rate = lobbies.length * plan.changes_per_second;
  const [from, until] = [plan.warmup, plan.warmup + plan.seconds].map((s) => Math.round(s * rate));
  const begun = performance.now();
  for (let n = 0; n < until; n += 1) {
    const wait = begun + (n / rate) * 1000 - performance.now();
    if (wait > 0) await sleep(wait);
    lobbies[n % lobbies.length].change(n + 1, Math.floor(n / lobbies.length));
  }
  const end = performance.now() + STRAGGLERS;
  while (performance.now() < end && lobbies.some((lobby) => lobby.pending.size)) await sleep(10);
  const counted = lobbies.flatMap((lobby) => [...lobby.times]).filter(([number]) => number > from);
  const times = counted.map(([, time]) => time).sort((a, b) => a - b);
  const behind = players.filter((player) => !(player.version >= player.lobby.last)).length;
  print({
    sent: until - from,
    seen: times.length,
    p50: rounded(times[Math.floor(times.length * 0.5)]),
    p99: rounded(times[Math.floor(times.length * 0.99)]),
    max: rounded(times.at(-1)),
    behind,
    ...tally,
  });
  return behind === 0 && tally.errors === 0 && times.length === until - from;
}

/** Connects and waits for a line at stdin. Returns whether all are still connected. */
async function idle() {
  print({ connected: await connectAll() });
  await nextLine();
  return players.every((player) => player.link);
}

/** Reconnects closed sockets. Returns whether all did, and have the newest version. */
async function reconnectAll() {
  const going = nextLine();
  let firstClose;
  for (const player of players) {
    player.onClose = () => {
      firstClose ??= performance.now();
      going.then(() => reconnect(player));
    };
  }
  const connected = await connectAll();
  print({ connected });
  if (connected < players.length) return false;
  await going;
  const end = performance.now() + plan.seconds * 1000;
  let since; // when all had the newest version
  while (performance.now() < end && !(performance.now() - since >= STEADY)) {
    if (!firstClose || inStep() < players.length) since = undefined;
    else since ??= performance.now();
    await sleep(5);
  }
  const seconds = rounded(((since ?? performance.now()) - firstClose) / 1000);
  print({ in_step: inStep(), seconds });
  return since !== undefined;
}

/** Returns how many clients are connected and have their lobby's newest version. */
const inStep = () => lobbies.reduce((sum, lobby) => sum + lobby.inStep(), 0);

/**
 * Tries to connect a player again, with an increasing delay.
 * @param {Lobby["players"][number]} player
 */
async function reconnect(player) {
  for (let most = 2 * BACKOFF[0]; !player.link; most = Math.min(2 * most, BACKOFF[1])) {
    await sleep(BACKOFF[0] + Math.random() * (most - BACKOFF[0]));
    try {
      player.seat.ticket = await newTicket(player.seat);
      await player.connect();
    } catch {
      // not yet
    }
  }
}

let free = MAX_CONCURRENT;
const waiting = [];

/**
 * Requests a ticket, with at most MAX_CONCURRENT concurrent requests.
 * @param {{reconnect_url: string, token: string, address: string}} seat
 * @returns {Promise<string>}
 */
async function newTicket(seat) {
  if (free > 0) free -= 1;
  else await new Promise((resolve) => waiting.push(resolve));
  try {
    const response = await fetch(seat.reconnect_url, {
      method: "POST",
      headers: { Authorization: `Bearer ${seat.token}`, "X-Forwarded-For": seat.address },
      signal: AbortSignal.timeout(BACKOFF[1]),
    });
    const body = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${body}`);
    return JSON.parse(body).ticket;
  } finally {
    if (waiting.length) waiting.shift()();
    else free += 1;
  }
}

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const dialect = new dialects[plan.dialect](plan.url);
const lobbies = plan.lobbies.map((seats) => new Lobby(seats, dialect));
const players = lobbies.flatMap((lobby) => lobby.players);

const well = await { load, idle, reconnect: reconnectAll }[plan.mode ?? "load"]();
for (const player of players) {
  player.onClose = () => {};
  player.link?.close();
}
const end = performance.now() + LEAVING;
while (performance.now() < end && players.some((player) => player.link)) await sleep(10);
process.exit(well ? 0 : 1);
