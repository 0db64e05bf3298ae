/** Tokens that the application gets itself, for instance from its own backend. The way for browsers. */
export interface BearerAuth {
  readonly kind: "bearer";
  readonly getToken: () => string | Promise<string>;
}

/** An API key that is exchanged for tokens. For servers and scripts: whoever has it has all its rights. */
export interface ApiKeyAuth {
  readonly kind: "apiKey";
  readonly apiKey: string;
  /** Where API keys become tokens; by default IBM's identity service for IBM Key Protect, else the key service. */
  readonly identity?: string;
}

/** A root key behind a Key Protect API. */
export interface KeyProtectKek {
  readonly kind: "keyProtect";
  /** Address of the key service: `https://…`, or `http://` on the machine itself. */
  readonly endpoint: string;
  /** Id of the instance that holds the key. */
  readonly instance: string;
  /** Id or alias of the root key. It is written into every message as given here, and must be the same to open. */
  readonly key: string;
  readonly auth: BearerAuth | ApiKeyAuth;
}

/** An AES key whose bytes the caller holds: the raw AES keyring of the message format. */
export interface RawAesKek {
  readonly kind: "rawAes";
  /** Together with `name` the key's name in messages. */
  readonly namespace: string;
  readonly name: string;
  /** 16, 24 or 32 bytes. */
  readonly key: Uint8Array;
}

/** Whatever can wrap a data key. */
export type Kek = KeyProtectKek | RawAesKek;

/** Wraps data keys under a root key that a key service holds: IBM Key Protect or the Envelock key server. */
export function keyProtect(options: Omit<KeyProtectKek, "kind">): KeyProtectKek {
  return Object.freeze({ ...options, kind: "keyProtect" });
}

/** Wraps data keys under an AES key at hand. The bytes are copied. */
export function rawAes(options: Omit<RawAesKek, "kind">): RawAesKek {
  return Object.freeze({ ...options, key: Uint8Array.from(options.key), kind: "rawAes" });
}

/** Authenticates with tokens from `getToken`, which is called for every key call. */
export function bearer(getToken: () => string | Promise<string>): BearerAuth {
  return Object.freeze({ kind: "bearer", getToken });
}

/** Authenticates with an API key; tokens are fetched, kept in memory and renewed. Not for browsers. */
export function apiKey(apiKey: string, options: { readonly identity?: string } = {}): ApiKeyAuth {
  return Object.freeze({ ...options, kind: "apiKey", apiKey });
}
