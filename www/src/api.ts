/**
 * Typed calls to the key server this page was served from.
 *
 * *Invariant:* touches no DOM, keeps the access token in memory only and never writes it anywhere.
 */

export interface Instance {
  id: string;
  name: string;
  region: string;
  crn: string;
}

export interface Session {
  name: string;
  iam_id: string;
  account: string;
  expires: string;
  instances: Instance[];
}

export const State = { active: 1, disabled: 2, expired: 3, deleted: 5 } as const;

export interface RootKey {
  id: string;
  name: string;
  description?: string;
  aliases?: string[];
  state: number;
  extractable: boolean;
  crn: string;
  imported: boolean;
  keyRingID: string;
  creationDate: string;
  createdBy: string;
  algorithmBitSize?: number;
  lastUpdateDate?: string;
  lastRotateDate?: string;
  expirationDate?: string;
  keyVersion?: KeyVersion;
  deleted: boolean;
  deletionDate?: string;
  restoreAllowed?: boolean;
  restoreExpirationDate?: string;
  purgeScheduledOn?: string;
}

export interface KeyVersion {
  id: string;
  creationDate: string;
}

/** A refusal by the key server, or its absence (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId?: string,
    /** The field or query parameter at fault, if the key server named one. */
    readonly target?: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export const UNREACHABLE = "UNREACHABLE";

interface Collection<T> {
  resources?: T[];
}

interface ErrorBody {
  resources?: { errorMsg?: string; reasons?: { code?: string; message?: string; target?: { name?: string } }[] }[];
}

interface Token {
  access_token: string;
  expires_in: number;
}

const KEY_TYPE = "application/vnd.ibm.kms.key+json";
const KEY_LIMIT = 5000;

/** How far the server's clock is ahead of ours, so that waiting times are right whatever the local clock says. */
let clockAhead = 0;

export const serverNow = (): number => Date.now() + clockAhead;

async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
    });
  } catch {
    throw new ApiError(0, UNREACHABLE, "");
  }
  const date = Date.parse(response.headers.get("Date") ?? "");
  if (!Number.isNaN(date)) clockAhead = date - Date.now();
  if (!response.ok) throw await refusal(response);
  return response;
}

async function refusal(response: Response): Promise<ApiError> {
  const requestId = response.headers.get("Correlation-Id") ?? undefined;
  let text = "";
  let code = "";
  let target: string | undefined;
  try {
    const first = ((await response.json()) as ErrorBody).resources?.[0];
    code = first?.reasons?.[0]?.code ?? "";
    text = first?.reasons?.[0]?.message ?? first?.errorMsg ?? "";
    target = first?.reasons?.[0]?.target?.name;
  } catch {
    // A body that is not JSON says nothing a user could act on; the status is kept.
  }
  return new ApiError(response.status, code || `HTTP_${response.status}`, text, requestId, target);
}

/** Called when the session turns out to have ended, so that the user is asked to sign in instead of shown a refusal. */
let sessionEnded = (): void => {};

export function onUnauthorized(listener: () => void): void {
  sessionEnded = listener;
}

let token: { value: string; until: number } | undefined;
let pendingToken: Promise<string> | undefined;

/** The access token of this session, fetched anew shortly before it ends. */
export async function accessToken(): Promise<string> {
  if (token && Date.now() < token.until) return token.value;
  pendingToken ??= send("POST", "/console/token")
    .then(async (response) => {
      const answer = (await response.json()) as Token;
      token = { value: answer.access_token, until: Date.now() + Math.max(0, answer.expires_in - 60) * 1000 };
      return token.value;
    })
    .catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 401) sessionEnded();
      throw error;
    })
    .finally(() => (pendingToken = undefined));
  return pendingToken;
}

export async function signIn(code: string): Promise<Session> {
  token = undefined;
  return (await (await send("POST", "/console/session", { code })).json()) as Session;
}

export async function currentSession(): Promise<Session> {
  return (await (await send("GET", "/console/session")).json()) as Session;
}

export async function signOut(): Promise<void> {
  token = undefined;
  await send("DELETE", "/console/session");
}

async function kms(instance: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const attempt = async (): Promise<Response> =>
    send(method, `/api/v2${path}`, body, { Authorization: `Bearer ${await accessToken()}`, "Bluemix-Instance": instance, ...headers });
  const kept = token?.value;
  try {
    return await attempt();
  } catch (error) {
    // A kept token can be refused before its time; a refused call did nothing, so it is made again with a new one.
    if (!(error instanceof ApiError && error.status === 401) || token === undefined || token.value !== kept) throw error;
    token = undefined;
    return attempt();
  }
}

async function resources<T>(response: Response): Promise<T[]> {
  return ((await response.json()) as Collection<T>).resources ?? [];
}

async function only<T>(response: Response): Promise<T> {
  const [first] = await resources<T>(response);
  if (first === undefined) throw new ApiError(response.status, "EMPTY_ANSWER", "", response.headers.get("Correlation-Id") ?? undefined);
  return first;
}

export async function listKeys(instance: string, withDeleted: boolean): Promise<RootKey[]> {
  const states = withDeleted ? "1,2,3,5" : "1,2,3";
  const query = new URLSearchParams({ extractable: "false", state: states, limit: String(KEY_LIMIT) });
  return resources<RootKey>(await kms(instance, "GET", `/keys?${query}`));
}

const at = (id: string): string => `/keys/${encodeURIComponent(id)}`;

export async function getKey(instance: string, id: string): Promise<RootKey> {
  return only<RootKey>(await kms(instance, "GET", `${at(id)}/metadata`));
}

export async function keyVersions(instance: string, id: string): Promise<KeyVersion[]> {
  return resources<KeyVersion>(await kms(instance, "GET", `${at(id)}/versions?allKeyStates=true&limit=${KEY_LIMIT}`));
}

export interface NewKey {
  name: string;
  description?: string;
  /** Base64 material; absent lets the key server make it. */
  payload?: string;
}

export async function createKey(instance: string, key: NewKey): Promise<RootKey> {
  const body = {
    metadata: { collectionType: KEY_TYPE, collectionTotal: 1 },
    resources: [{ type: KEY_TYPE, extractable: false, ...key }],
  };
  return only<RootKey>(await kms(instance, "POST", "/keys", body, { Prefer: "return=representation" }));
}

export async function rotateKey(instance: string, id: string, payload?: string): Promise<void> {
  await kms(instance, "POST", `${at(id)}/actions/rotate`, payload === undefined ? {} : { payload });
}

export async function disableKey(instance: string, id: string): Promise<void> {
  await kms(instance, "POST", `${at(id)}/actions/disable`);
}

export async function enableKey(instance: string, id: string): Promise<void> {
  await kms(instance, "POST", `${at(id)}/actions/enable`);
}

export async function deleteKey(instance: string, id: string): Promise<void> {
  await kms(instance, "DELETE", at(id));
}

export async function restoreKey(instance: string, id: string): Promise<void> {
  await kms(instance, "POST", `${at(id)}/restore`);
}
