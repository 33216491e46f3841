/**
 * Calls every route with the types that openapi-typescript generates, as the author of a game would.
 *
 * Prints each call, for tests/clients/test_generated_clients.py, which also holds the socket of a seat.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";

import createClient, { type Client, type Middleware } from "openapi-fetch";

import type { components, paths } from "./schema.js";

type Schemas = components["schemas"];
type Api = Client<paths>;

const SITE = process.env["SITE"] ?? "";
const PASSWORD = "a quite long sentence";
const ATTEMPTS = 40; // to read what happens by itself, twice a second

const report: Middleware = {
  onResponse({ request, response }) {
    console.log("call", request.method, new URL(request.url).pathname, response.status);
  },
};

/** Returns a client, of a player if there is a token. */
function clientOf(token = ""): Api {
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  const client = createClient<paths>({ baseUrl: SITE, headers });
  client.use(report);
  return client;
}

/** Returns the document of a response. Fails for an error. */
async function ok<T>(sent: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await sent;
  assert.equal(error, undefined, JSON.stringify(error));
  assert.ok(response.ok && data !== undefined);
  return data;
}

/** Fails unless a response has this status and no body. */
async function done(sent: Promise<{ response: Response }>, status = 204): Promise<void> {
  assert.equal((await sent).response.status, status);
}

/** Fails unless a response is this error. */
async function refused(
  sent: Promise<{ error?: Schemas["Error"]; response: Response }>,
  status: number,
  code: string,
): Promise<void> {
  const { error, response } = await sent;
  assert.equal(response.status, status);
  assert.equal(error?.errors[0]?.code, code);
  assert.equal(error.request_id, response.headers.get("X-Request-Id"));
}

const anybody = clientOf();

function register(username: string): Promise<Schemas["SignedIn"]> {
  const email = `${username}@example.com`;
  const body = { username, email, password: PASSWORD, accept_privacy_policy: true };
  return ok(anybody.POST("/api/v1/auth/register", { body }));
}

/** Signs in by all ways. Returns the host and the guest of the game. */
async function accounts(): Promise<[Api, Api]> {
  const { refresh } = await register("host");
  let pair = await ok(anybody.POST("/api/v1/auth/refresh", { body: { refresh } }));
  const host = clientOf(pair.access);
  const me = await host.GET("/api/v1/users/me");
  assert.equal(me.data?.quotas.maps.used, 0);
  const header = { "If-None-Match": me.response.headers.get("ETag") ?? "" };
  await done(host.GET("/api/v1/users/me", { params: { header } }), 304);
  const address = { email: "new@example.com", password: PASSWORD };
  assert.equal((await ok(host.PATCH("/api/v1/users/me", { body: address }))).email, address.email);
  const passwords = { old_password: PASSWORD, new_password: `${PASSWORD} too` };
  pair = await ok(host.POST("/api/v1/users/me/password", { body: passwords }));
  await refused(host.GET("/api/v1/users/me"), 401, "invalid_token");
  await register("guest");
  const body = { username: "GUEST", password: PASSWORD };
  const guest = await ok(anybody.POST("/api/v1/auth/login", { body }));
  const path = { username: "Guest" };
  const profile = await ok(anybody.GET("/api/v1/users/{username}", { params: { path } }));
  assert.equal(profile.id, guest.user.id);
  assert.deepEqual(profile.maps, []);
  return [clientOf(pair.access), clientOf(guest.access)];
}

/** Makes, changes and publishes a map. Returns it. */
async function maps(host: Api, guest: Api): Promise<Schemas["FullMap"]> {
  const body: Schemas["NewMapRequest"] = JSON.parse(readFileSync(process.env["MAP"] ?? "", "utf8"));
  assert.ok((await ok(host.POST("/api/v1/maps/validate", { body }))).valid);
  const made = await ok(host.POST("/api/v1/maps", { body }));
  const path = { map_id: made.id };
  const first = await host.GET("/api/v1/maps/{map_id}", { params: { path } });
  assert.deepEqual(first.data?.terrain_data, body.terrain_data);
  assert.deepEqual(first.data?.wave_config, body.wave_config);
  assert.equal(first.data?.description, null);
  const tag = first.response.headers.get("ETag") ?? "";
  const known = { path, header: { "If-None-Match": tag } };
  await done(host.GET("/api/v1/maps/{map_id}", { params: known }), 304);
  const matching = { path, header: { "If-Match": tag } };
  const change = { params: matching, body: { description: "A ford." } };
  assert.equal((await ok(host.PATCH("/api/v1/maps/{map_id}", change))).version, made.version + 1);
  const stale = host.POST("/api/v1/maps/{map_id}/publish", { params: matching });
  await refused(stale, 412, "precondition_failed");
  const card = await ok(host.POST("/api/v1/maps/{map_id}/publish", { params: { path } }));
  assert.ok(card.is_public);
  const query = { q: made.name, page_size: 5, sort: "new" as const };
  const page = await ok(guest.GET("/api/v1/maps", { params: { query } }));
  assert.deepEqual(page.results.map((found) => found.id), [made.id]);
  assert.equal(page.next, null);
  const terrain = await ok(guest.GET("/api/v1/maps/{map_id}/terrain", { params: { path } }));
  assert.equal(terrain.rows.length, made.height);
  const picture = await ok(
    guest.GET("/api/v1/maps/{map_id}/preview", { params: { path }, parseAs: "arrayBuffer" }),
  );
  assert.equal(Buffer.from(picture).subarray(8, 12).toString(), "WEBP");
  const rating = { params: { path }, body: { stars: 4 } };
  assert.equal((await ok(guest.PUT("/api/v1/maps/{map_id}/rating", rating))).rating, 4);
  await refused(host.PUT("/api/v1/maps/{map_id}/rating", rating), 403, "own_map");
  const unrated = await ok(guest.DELETE("/api/v1/maps/{map_id}/rating", { params: { path } }));
  assert.equal(unrated.rating_count, 0);
  assert.ok((await ok(guest.PUT("/api/v1/maps/{map_id}/favourite", { params: { path } }))).favourite);
  const unmarked = await ok(guest.DELETE("/api/v1/maps/{map_id}/favourite", { params: { path } }));
  assert.ok(!unmarked.favourite);
  return made;
}

async function collections(guest: Api, map: Schemas["FullMap"]): Promise<void> {
  const body = { name: "Fords", description: null };
  const made = await ok(guest.POST("/api/v1/collections", { body }));
  assert.deepEqual((await ok(guest.GET("/api/v1/collections"))).results, [made]);
  const path = { collection_id: made.id };
  const entry = { path: { ...path, map_id: map.id } };
  const placed = await ok(
    guest.PUT("/api/v1/collections/{collection_id}/maps/{map_id}", {
      params: entry,
      body: { position: 1 },
    }),
  );
  assert.equal(placed.position, 1);
  const one = "/api/v1/collections/{collection_id}";
  const found = await ok(guest.GET(one, { params: { path } }));
  assert.deepEqual(found.maps.map((card) => card.id), [map.id]);
  const changed = await ok(guest.PATCH(one, { params: { path }, body: { name: "Rivers" } }));
  assert.equal(changed.name, "Rivers");
  await done(guest.DELETE("/api/v1/collections/{collection_id}/maps/{map_id}", { params: entry }));
  await done(guest.DELETE(one, { params: { path } }));
}

function tribe(client: Api, name: string): Promise<Schemas["FullTribe"]> {
  return ok(client.POST("/api/v1/tribes", { body: { name, archetype: "Support" } }));
}

async function tribes(host: Api): Promise<Schemas["FullTribe"]> {
  const [kept, other] = [await tribe(host, "Ravens"), await tribe(host, "Owls")];
  assert.equal((await ok(host.GET("/api/v1/tribes"))).results.length, 2);
  const params = { path: { tribe_id: kept.id } };
  const body = { color_theme: "#32CD32" };
  const changed = await ok(host.PATCH("/api/v1/tribes/{tribe_id}", { params, body }));
  assert.equal(changed.color_theme, body.color_theme);
  assert.ok((await ok(host.GET("/api/v1/tribes/{tribe_id}", { params }))).range_bonus > 0);
  await done(
    host.DELETE("/api/v1/tribes/{tribe_id}", { params: { path: { tribe_id: other.id } } }),
  );
  return kept;
}

/** Reads the lobby until its status is this one and the host is ready. */
async function until(host: Api, id: string, status: Schemas["LobbyDocument"]["status"]): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const params = { path: { session_id: id } };
    const found = await ok(host.GET("/api/v1/game-sessions/{session_id}", { params }));
    if (found.status === status && found.players[0]?.is_ready) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error("It did not happen.");
}

/** Opens a lobby, plays a game and ends it. */
async function game(host: Api, guest: Api, map: Schemas["FullMap"]): Promise<void> {
  const [own, other] = [await tribes(host), await tribe(guest, "Iron Oaks")];
  const body = { map_id: map.id, tribe_id: own.id, seats: 3 };
  const lobby = await ok(host.POST("/api/v1/game-sessions", { body }));
  const query = { map: map.id, free_seats: 2 };
  const listed = await ok(guest.GET("/api/v1/game-sessions", { params: { query } }));
  assert.deepEqual(listed.results.map((card) => card.id), [lobby.id]);
  const { code } = await ok(host.GET("/api/v1/game-sessions/active"));
  assert.ok(code !== null);
  const params = { path: { session_id: lobby.id } };
  const join = { params, body: { tribe_id: other.id } };
  const joined = await ok(guest.POST("/api/v1/game-sessions/{session_id}/join", join));
  const guestId = joined.players[1]?.player_id ?? "";
  await done(guest.POST("/api/v1/game-sessions/{session_id}/leave", { params }));
  const byCode = { body: { code, tribe_id: other.id } };
  assert.equal((await ok(guest.POST("/api/v1/game-sessions/join", byCode))).players.length, 2);
  const kick = { params, body: { player_id: guestId } };
  const kicked = await ok(host.POST("/api/v1/game-sessions/{session_id}/kick", kick));
  assert.equal(kicked.players.length, 1);
  await refused(guest.POST("/api/v1/game-sessions/{session_id}/join", join), 409, "kicked");
  const ticket = await ok(host.POST("/api/v1/game-sessions/{session_id}/ticket", { params }));
  console.log("seat", ticket.connect.path, ticket.connect.subprotocol, ticket.ticket);
  await until(host, lobby.id, "Lobby");
  const start = { params, body: { solo: true } };
  const started = await ok(host.POST("/api/v1/game-sessions/{session_id}/start", start));
  assert.ok(started.countdown_ends_at !== null);
  await until(host, lobby.id, "InProgress");
  const played = await ok(host.GET("/api/v1/game-sessions/{session_id}/map", { params }));
  assert.equal(played.terrain.width, map.width);
  assert.deepEqual(played.wave_config, map.wave_config);
  const bonuses = await ok(host.GET("/api/v1/game-sessions/{session_id}/tribes", { params }));
  assert.deepEqual(bonuses.tribes.map((each) => each.tribe_id), [own.id]);
  const { fence } = await ok(host.POST("/api/v1/game-sessions/{session_id}/fence", { params }));
  const state = { wave: 1, towers: [{ x: 1 }] };
  const write = { params, body: { fence, state } };
  const written = await ok(host.PUT("/api/v1/game-sessions/{session_id}/state", write));
  assert.ok(written.sequence > 0);
  const found = await ok(host.GET("/api/v1/game-sessions/{session_id}/state", { params }));
  assert.deepEqual(found.state, state);
  const ended = await ok(host.POST("/api/v1/game-sessions/{session_id}/end", { params }));
  assert.equal(ended.status, "Completed");
}

const [host, guest] = await accounts();
const map = await maps(host, guest);
await collections(guest, map);
await game(host, guest, map);
const params = { path: { map_id: map.id } };
assert.ok(!(await ok(host.POST("/api/v1/maps/{map_id}/unpublish", { params }))).is_public);
await done(host.DELETE("/api/v1/maps/{map_id}", { params }));
await done(host.POST("/api/v1/auth/logout", { body: {} }));
