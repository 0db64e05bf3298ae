/// <reference lib="esnext.disposable" preserve="true" />

/** What holds keys until it is disposed of. `using` and `await using` do it by themselves, in runtimes that have them. */
export interface Keyholder extends Disposable, AsyncDisposable {
  /** Wipes the keys. What is used afterwards fails with `ERR_DISPOSED`. */
  dispose(): void;
}

/** Gives `target` what `using` looks for; without the symbols there is nothing that would look. */
export function usable<T extends { dispose(): void }>(target: T): T & Keyholder {
  const members = [
    [Symbol.dispose as symbol | undefined, function (this: T) { this.dispose(); }],
    [Symbol.asyncDispose as symbol | undefined, async function (this: T) { this.dispose(); }],
  ] as const;
  for (const [symbol, value] of members) {
    if (symbol !== undefined) {
      Object.defineProperty(target, symbol, { value });
    }
  }
  return target as T & Keyholder;
}
