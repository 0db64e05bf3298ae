/** How long and how far data keys are reused. A key service can shorten the time with a lease. */
export interface CacheOptions {
  /** Longest time from the key call to the last use, milliseconds; by default 60000. */
  readonly maxAge?: number;
  /** Most messages sealed under one data key; by default 10000. */
  readonly maxMessages?: number;
  /**
   * Most bytes of plaintext sealed under one data key; by default 2^36. A longer message has a data key of its own. A
   * stream's length is not known: it counts as it goes and may end beyond the limit, but nothing else begins there.
   */
  readonly maxBytes?: number;
  /** Most data keys kept at the same time, one for each context sealed and each wrapped key opened; by default 1000. */
  readonly maxEntries?: number;
}

/** What a client's cache did so far. */
export interface Stats {
  /** Data keys that cost no key call, or none of their own. */
  readonly hits: number;
  /** Data keys that cost a key call, by the reason why they were not there. */
  readonly misses: {
    readonly absent: number;
    readonly expired: number;
    readonly lease: number;
    readonly messageLimit: number;
    readonly byteLimit: number;
    /** It had made room for another one, or the key service had refused to renew it. */
    readonly evicted: number;
  };
  /** How often one waited for a key call that another had begun. */
  readonly joined: number;
  /** Data keys that made room for others. */
  readonly evictions: number;
  /** Data keys renewed before they were too old. */
  readonly refreshes: number;
  readonly refreshFailures: number;
  /** Data keys held now. */
  readonly entries: number;
  /** How often `onRewrapped` threw or rejected. */
  readonly callbackErrors: number;
}

/** A wrapped copy of a data key. */
export interface WrappedKey {
  readonly providerId: string;
  readonly providerInfo: Uint8Array<ArrayBuffer>;
  readonly ciphertext: Uint8Array<ArrayBuffer>;
}

/** A wrapped data key and its successor after a rotation of the root key. */
export interface Rewrapped {
  /** As it stands in messages, where it stays and goes on working. */
  readonly from: WrappedKey;
  /** The same data key under the newest version of the root key. */
  readonly to: WrappedKey;
}

/** Before the module is loaded nothing has happened. */
export const NOTHING_YET: Stats = Object.freeze({
  hits: 0,
  misses: Object.freeze({ absent: 0, expired: 0, lease: 0, messageLimit: 0, byteLimit: 0, evicted: 0 }),
  joined: 0,
  evictions: 0,
  refreshes: 0,
  refreshFailures: 0,
  entries: 0,
  callbackErrors: 0,
});
