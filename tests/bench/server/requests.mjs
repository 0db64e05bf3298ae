/**
 * Fills a key server with instances and keys, and prepares the requests that are replayed against it.
 *
 * *Invariant:* everything is made through the server's own API, so that what is measured was made as in earnest.
 */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";

/** So many requests are under way at a time while something is being filled. */
const WIDTH = 64;
const KEY = "application/vnd.ibm.kms.key+json";
/** Tiered pricing. */
const PLAN = "eedd3585-90c6-4c8f-be3d-062069e99fc3";

/** The API of a started key server, for its administrator. */
export class Api {
  constructor(ready, apiKey) {
    Object.assign(this, ready, { apiKey });
  }

  /** A new access token. */
  async issue() {
    const body = new URLSearchParams({ grant_type: "urn:ibm:params:oauth:grant-type:apikey", apikey: this.apiKey });
    return (await this.#send("POST", "/identity/token", { body })).access_token;
  }

  /** A call with a token of its own. */
  async call(method, path, body, instance = this.instance) {
    this.token ??= await this.issue();
    const headers = { Authorization: `Bearer ${this.token}`, "Bluemix-Instance": instance, "Content-Type": "application/json" };
    return this.#send(method, path, { headers, body: JSON.stringify(body) });
  }

  async #send(method, path, init) {
    const answer = await fetch(this.url + path, { method, ...init });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** More Key Protect instances; their GUIDs. */
  async instances(count) {
    const order = (number) => ({ name: `tenant ${number}`, target: this.region, resource_group: "default", resource_plan_id: PLAN });
    return all(count, async (number) => (await this.call("POST", "/v2/resource_instances", order(number))).guid);
  }

  /** Root keys, spread over the instances in turn: `{ id, instance }` of each. */
  async keys(count, instances = [this.instance]) {
    const body = { metadata: { collectionType: KEY, collectionTotal: 1 }, resources: [{ type: KEY, name: "bench", extractable: false }] };
    return all(count, async (number) => {
      const instance = instances[number % instances.length];
      const { resources } = await this.call("POST", "/api/v2/keys", body, instance);
      return { id: resources[0].id, instance };
    });
  }

  /** Wraps of fresh data keys under these keys, with the token given for each request. */
  async wraps(file, keys, count, token) {
    await lines(file, count, (number) => line(keys[number % keys.length], "wrap", token(number), { plaintext: randomBytes(32).toString("base64") }));
  }

  /** Unwraps of what was wrapped under these keys, all by one token. */
  async unwraps(file, keys, count) {
    const token = await this.issue();
    const wrapped = await all(Math.min(count, keys.length * 8), async (number) => {
      const key = keys[number % keys.length];
      const { ciphertext } = await this.call("POST", `/api/v2/keys/${key.id}/actions/wrap`, {}, key.instance);
      return line(key, "unwrap", token, { ciphertext });
    });
    await lines(file, count, (number) => wrapped[number % wrapped.length]);
  }
}

/** Does something `count` times, many at a time; what came of each, in order. */
export async function all(count, work) {
  const made = new Array(count);
  let next = 0;
  const worker = async () => {
    for (let number = next++; number < count; number = next++) made[number] = await work(number);
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, count) }, worker));
  return made;
}

function line({ id, instance }, action, token, body) {
  return ["POST", `/api/v2/keys/${id}/actions/${action}`, token, instance, JSON.stringify(body)].join("\t");
}

async function lines(file, count, make) {
  const out = createWriteStream(file);
  for (let number = 0; number < count; number++) if (!out.write(`${make(number)}\n`)) await once(out, "drain");
  out.end();
  await once(out, "close");
}
