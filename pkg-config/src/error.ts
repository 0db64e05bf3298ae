/** Who can mend a failure: the message (`data`), the caller, the key service, or this library (`bug`). */
export type Fault = "data" | "caller" | "service" | "bug";

/** What the module throws for a failure of its own. */
interface Thrown {
  readonly envelock: true;
  readonly code: string;
  readonly fault: Fault;
  readonly retryable: boolean;
  readonly message: string;
  readonly requestId?: string;
  readonly cause?: unknown;
}

/** What errors of all entries of the package have: each entry is a script of its own, with a class of its own. */
const BRAND = Symbol.for("envelock.EnvelockError");

/** Every failure of this package. Branch on {@link code}, never on the text. */
export class EnvelockError extends Error {
  /** Stable code, such as `ERR_KEY_DISABLED` or `ERR_TRUNCATED`. */
  readonly code: string;
  /** Who can mend it. */
  readonly fault: Fault;
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean;
  /** Correlation id of the request to the key service, where there was one. */
  readonly requestId: string | undefined;

  /** @internal */
  constructor(thrown: Omit<Thrown, "envelock">) {
    super(thrown.message, thrown.cause === undefined ? undefined : { cause: thrown.cause });
    this.name = "EnvelockError";
    this.code = thrown.code;
    this.fault = thrown.fault;
    this.retryable = thrown.retryable;
    this.requestId = thrown.requestId;
  }

  /** An error of any entry of the package is an instance, wherever the class was imported from. */
  static override [Symbol.hasInstance](value: unknown): value is EnvelockError {
    return typeof value === "object" && value !== null && BRAND in value;
  }
}

Object.defineProperty(EnvelockError.prototype, BRAND, { value: true });

/** Waits for `work`; a failure of the module becomes an {@link EnvelockError}, anything else passes unchanged. */
export async function mapped<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw isThrown(thrown) ? new EnvelockError(thrown) : thrown;
  }
}

/** As {@link mapped}, for work that is done at once. */
export function mappedNow<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw isThrown(thrown) ? new EnvelockError(thrown) : thrown;
  }
}

function isThrown(thrown: unknown): thrown is Thrown {
  return typeof thrown === "object" && thrown !== null && "envelock" in thrown && thrown.envelock === true;
}
