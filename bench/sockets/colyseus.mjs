/**
 * Lobbies on a Colyseus server, for comparison with Tribehold:
 *
 *     node colyseus.mjs PORT default     patches every 50 ms, the default of Colyseus
 *     node colyseus.mjs PORT atonce      a patch after each change
 *
 * Prints `ready` when it listens on 127.0.0.1; for a line `memory` at stdin it
 * prints `{"memory": bytes}`, the resident set. SIGTERM ends it.
 */

import { createInterface } from "node:readline";

import { Room, Server } from "@colyseus/core";
import { schema } from "@colyseus/schema";
import { WebSocketTransport } from "@colyseus/ws-transport";

const SEATS = 4;
const MODES = ["default", "atonce"];

const Player = schema({ name: "string", is_ready: "boolean", change: "number" }, "Player");
const Lobby = schema({ version: "number", players: { map: Player } }, "Lobby");

/** A lobby of four. The state has the number of each player's last change, so that its sender recognizes it. */
class LobbyRoom extends Room {
  maxClients = SEATS;
  state = new Lobby({ version: 0 });
  messages = {
    /**
     * @param {import("@colyseus/core").Client} client
     * @param {{is_ready: boolean, change: number}} wanted
     */
    ready(client, wanted) {
      const player = this.state.players.get(client.sessionId);
      player.is_ready = wanted.is_ready;
      player.change = wanted.change;
      this.state.version += 1;
      this.changed();
    },
  };

  onJoin(client) {
    const name = `Player ${this.state.players.size + 1}`;
    this.state.players.set(client.sessionId, new Player({ name, is_ready: false, change: 0 }));
    this.changed();
  }

  /** Does nothing after a change, because the interval sends it. */
  changed() {}
}

/** A lobby that sends each change immediately. */
class LobbyAtOnce extends LobbyRoom {
  patchRate = null;

  changed() {
    this.broadcastPatch();
  }
}

const [port, mode] = process.argv.slice(2);
if (!Number(port) || !MODES.includes(mode)) {
  console.error(`usage: node colyseus.mjs PORT ${MODES.join("|")}`);
  process.exit(2);
}
const server = new Server({ greet: false, transport: new WebSocketTransport() });
server.define("lobby", mode === "atonce" ? LobbyAtOnce : LobbyRoom);
await server.listen(Number(port), "127.0.0.1");
console.log("ready");

createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "memory") console.log(JSON.stringify({ memory: process.memoryUsage.rss() }));
});
