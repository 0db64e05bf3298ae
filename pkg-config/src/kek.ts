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
  /**
   * Address of the key service: `https://…`, or `http://` on the machine itself. With a CRN as `key` it may be left out:
   * then it is IBM Key Protect in the CRN's region.
   */
  readonly endpoint?: string;
  /** Id of the instance that holds the key. Not needed with a CRN, which names it. */
  readonly instance?: string;
  /**
   * Id, alias or CRN of the root key. Instance, and id or alias, are written into every message as given here (of a CRN
   * its id), and the same are needed to open: see `aliases`.
   */
  readonly key: string;
  /**
   * Other names of the same key in messages that are to be opened. A message that was sealed with the key's alias does
   * not open with its id, unless the alias stands here, and the other way round. The service is asked for `key`.
   */
  readonly aliases?: readonly string[];
  readonly auth: BearerAuth | ApiKeyAuth;
}

/** A `CryptoKey`, also where TypeScript does not know the browser's types. */
export type PlatformKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** An AES key at hand that wraps data keys by AES key wrap (RFC 3394). */
export interface LocalKek {
  readonly kind: "localKek";
  /** The key's name in messages, at most 255 bytes; the same is needed to open. */
  readonly name: string;
  /** 16, 24 or 32 bytes, or a `CryptoKey` for `AES-KW` with the usages `wrapKey` and `unwrapKey`, extractable or not. */
  readonly key: Uint8Array | PlatformKey;
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

/** Several KEKs, any of which opens. */
export interface AnyOfKek {
  readonly kind: "anyOf";
  readonly keks: readonly Kek[];
}

/** Several KEKs, all of which are needed to open. */
export interface AllOfKek {
  readonly kind: "allOf";
  readonly keks: readonly Kek[];
}

/** Whatever can wrap a data key. */
export type Kek = KeyProtectKek | LocalKek | RawAesKek | AnyOfKek | AllOfKek;

/**
 * Wraps data keys under a root key that a key service holds: IBM Key Protect or the Envelock key server.
 *
 * Each has its own token, so keys of several instances and regions can stand side by side in {@link anyOf} or
 * {@link allOf}. Calls are repeated where that is safe, for half a minute at most.
 */
export function keyProtect(options: Omit<KeyProtectKek, "kind">): KeyProtectKek {
  return Object.freeze({ ...options, kind: "keyProtect" });
}

/**
 * Wraps data keys under an AES key at hand, by AES key wrap. Bytes are copied; a `CryptoKey` stays where it is.
 *
 * Key wrap has no room for the encryption context: that is bound by the message's header. Use it for keys in a vault
 * of the platform, for tests, or for a second copy offline.
 */
export function localKek(options: Omit<LocalKek, "kind">): LocalKek {
  const { key } = options;
  return Object.freeze({ ...options, key: ArrayBuffer.isView(key) ? Uint8Array.from(key) : key, kind: "localKek" });
}

/**
 * Wraps data keys under an AES key at hand, as the raw AES keyring of other implementations of the format does. The
 * bytes are copied.
 */
export function rawAes(options: Omit<RawAesKek, "kind">): RawAesKek {
  return Object.freeze({ ...options, key: Uint8Array.from(options.key), kind: "rawAes" });
}

/**
 * Seals under all KEKs given, so that any one of them opens: for a second region, or a spare key in a safe.
 *
 * Sealing needs every KEK. Opening tries them in their order until one succeeds; if none does, the error is the one
 * that can best be mended. The message has an entry for each, which `maxEdks` counts.
 */
export function anyOf(...keks: readonly Kek[]): AnyOfKek {
  return Object.freeze({ keks: Object.freeze([...keks]), kind: "anyOf" });
}

/**
 * Seals so that all KEKs given are needed to open: for two parties of which neither can open alone.
 *
 * The data key is derived from one part under each KEK. Inside of {@link anyOf} it must come first, and there can be one
 * only, as it makes its data key itself.
 */
export function allOf(...keks: readonly Kek[]): AllOfKek {
  return Object.freeze({ keks: Object.freeze([...keks]), kind: "allOf" });
}

/** Authenticates with tokens from `getToken`, which is called for every key call. */
export function bearer(getToken: () => string | Promise<string>): BearerAuth {
  return Object.freeze({ kind: "bearer", getToken });
}

/** Authenticates with an API key; tokens are fetched, kept in memory and renewed. Not for browsers. */
export function apiKey(apiKey: string, options: { readonly identity?: string } = {}): ApiKeyAuth {
  return Object.freeze({ ...options, kind: "apiKey", apiKey });
}
