/**
 * A key server's API as its administrator uses it, by plain requests.
 *
 * *Invariant:* a request that is refused fails the test, with what the server said.
 */

import assert from "node:assert/strict";

const KEY = "application/vnd.ibm.kms.key+json";

/** A new access token for the owner of an API key. */
export async function tokenFor(server, apikey) {
  const body = new URLSearchParams({ grant_type: "urn:ibm:params:oauth:grant-type:apikey", apikey });
  const answer = await accepted("POST", `${server.url}/identity/token`, { body });
  return (await answer.json()).access_token;
}

async function accepted(method, url, init) {
  const answer = await fetch(url, { method, ...init });
  if (!answer.ok) assert.fail(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer;
}

export async function administrator(server) {
  const token = await tokenFor(server, server.api_key);

  async function api(method, path, body) {
    const headers = { authorization: `Bearer ${token}`, "bluemix-instance": server.instance };
    const answer = await accepted(method, server.url + path, { headers, body: body && JSON.stringify(body) });
    return answer.status === 204 ? undefined : answer.json();
  }

  /** A new root key, as the server shows it. */
  async function createKey(name, more = {}) {
    const resources = [{ type: KEY, name, extractable: false, ...more }];
    const made = await api("POST", "/api/v2/keys", { metadata: { collectionType: KEY, collectionTotal: 1 }, resources });
    return made.resources[0];
  }

  return { token, api, createKey };
}
