import { type Bytes, view } from "./bytes.js";
import { mapped } from "./error.js";

/** Bytes as they go through: what `pipeThrough` takes, and Node's `pipeline`. */
export interface ByteTransform {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Bytes>;
}

/** Where a stream's bytes come from: a web stream, a Node stream or another async iterable, or a Blob. */
export type ByteStream = ReadableStream<Bytes> | AsyncIterable<Bytes> | Blob;

/** What the module does to one piece after the other. */
interface Machine {
  push(piece: unknown): Promise<Uint8Array<ArrayBuffer>[]>;
  finish(): Promise<Uint8Array<ArrayBuffer>[]>;
  free(): void;
}

/** Longest piece, in bytes, that the module gets at once: within a larger chunk, too, it stops when the reader stops. */
const PIECE = 1 << 20;

/** Whether the argument is a source and not a bag of options. */
export function isByteStream(value: unknown): value is ByteStream {
  return typeof value === "object" && value !== null && ("getReader" in value || Symbol.asyncIterator in value || value instanceof Blob);
}

/** The source as a web stream. */
export function readable(source: ByteStream): ReadableStream<Bytes> {
  if (source instanceof Blob) {
    return source.stream();
  }
  if ("getReader" in source) {
    return source;
  }
  return fromIterable(source);
}

/** What an iterable gives, when it is asked for; cancelling ends the iterable. */
export function fromIterable<T>(source: AsyncIterable<T>): ReadableStream<T> {
  const iterator = source[Symbol.asyncIterator]();
  return new ReadableStream<T>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done === true) {
          controller.close();
        } else {
          controller.enqueue(value);
        }
      },
      async cancel(reason) {
        await iterator.return?.(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * A transform over `start`'s machine, which is started with the first chunk.
 *
 * A TransformStream would take a whole chunk before it listens to its reader, and not every runtime tells it of a cancel.
 */
export function transform(start: () => Promise<Machine>, signal: AbortSignal | undefined): ByteTransform {
  let output!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  let input!: WritableStreamDefaultController;
  let machine: Promise<Machine> | undefined;
  let ended: { readonly reason: unknown } | undefined;
  const demand = new Gate();

  /** Ends the work, once: nothing goes through any more, and what the module holds is given back. */
  const finish = (reason: unknown): boolean => {
    if (ended !== undefined) {
      return false;
    }
    ended = { reason };
    signal?.removeEventListener("abort", aborted);
    machine?.then(
      (started) => started.free(),
      () => undefined,
    );
    demand.open();
    return true;
  };
  /** Ends both sides with the same reason, and whatever waits between them. */
  const end = (reason: unknown): void => {
    if (finish(reason)) {
      output.error(reason);
      input.error(reason);
    }
  };
  const aborted = (): void => end(signal?.reason);

  const pass = async (step: (machine: Machine) => Promise<Uint8Array<ArrayBuffer>[]>): Promise<void> => {
    for (const chunk of await mapped(async () => step(await (machine ??= start())))) {
      await demand.pass();
      if (ended !== undefined) {
        throw ended.reason;
      }
      output.enqueue(chunk);
    }
  };
  /** A failure on one side is the other side's, too. */
  const guarded = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      end(error);
      throw error;
    }
  };

  const pair: ByteTransform = {
    readable: new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start: (controller) => void (output = controller),
        pull: () => demand.open(),
        cancel: (reason) => end(reason),
      },
      { highWaterMark: 0 },
    ),
    writable: new WritableStream<Bytes>({
      start: (controller) => void (input = controller),
      write: (chunk) =>
        guarded(async () => {
          const bytes = view(chunk);
          const length = bytes instanceof Uint8Array ? bytes.length : 1;
          for (let at = 0; at < length; at += PIECE) {
            await pass((started) => started.push(bytes instanceof Uint8Array ? bytes.subarray(at, at + PIECE) : bytes));
          }
        }),
      close: () =>
        guarded(async () => {
          await pass((started) => started.finish());
          if (finish(undefined)) {
            output.close();
          }
        }),
      abort: (reason) => end(reason),
    }),
  };
  if (signal?.aborted === true) {
    aborted();
  } else {
    signal?.addEventListener("abort", aborted);
  }
  return pair;
}

/** Lets one through each time it is opened. */
class Gate {
  #isOpen = false;
  #wake: (() => void) | undefined;

  open(): void {
    this.#isOpen = true;
    this.#wake?.();
  }

  async pass(): Promise<void> {
    if (!this.#isOpen) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
    this.#isOpen = false;
  }
}
