// What a page does with the package, in types: with the browser's own, and with bytes of every kind.

import { DataKey, EnvelockError, type Envelock, type Kek, type Rewrapped, anyOf, bearer, envelock, inspect, keyProtect, localKek } from "envelock";
import * as inline from "envelock/inline";
import * as js from "envelock/js";
import { useModule } from "envelock/slim";

const service: Kek = keyProtect({ endpoint: "https://keys.example.com", instance: "i", key: "invoices", auth: bearer(async () => "token") });
const ours = (key: CryptoKey): Kek => localKek({ name: "here", key });
const onRewrapped = ({ from, to }: Rewrapped): number => from.ciphertext.length + to.providerInfo.length;

export async function page(file: File, answer: Response, key: CryptoKey, any: Uint8Array, shared: SharedArrayBuffer): Promise<void> {
  const box: Envelock = envelock({ kek: anyOf(service, ours(key)), cache: { maxAge: 1000 }, onRewrapped });
  const sealed = await box.seal(file, { context: { tenant: "t-7" }, onProgress: ({ done, total }) => done / total });
  for (const data of [any, any.buffer, new DataView(any.buffer), shared, "text"] as const) await box.seal(data);
  const { price } = (await box.open(sealed)).json<{ price: number }>();

  await fetch("/files", { method: "PUT", body: sealed });
  await fetch("/files", { method: "PUT", body: await (await box.sealBlob(file)).blob() });
  const sealing: ReadableStream<Uint8Array<ArrayBuffer>> = file.stream().pipeThrough(box.sealStream());
  const opening = answer.body?.pipeThrough(box.openStream({ onProgress: ({ done }) => done }));
  const range: Response = (await box.openFile("/files/17")).response(new Request("/video"), { type: "video/mp4" });

  using held: DataKey = await box.dataKey({ context: {} });
  const text: string = held.openSync(held.sealSync("x")).text();
  try {
    await inspect(any);
  } catch (error) {
    // @ts-expect-error: what was thrown has no type yet.
    error.code;
    if (error instanceof EnvelockError) consume(error.code, error.requestId);
  }
  useModule("/envelock_bg.wasm");
  useModule(async () => WebAssembly.compileStreaming(answer));
  consume(price, sealing, opening, range, text, await inline.inspect(any), await js.inspect(any));
  box.dispose();
}

// @ts-expect-error: a client needs a key.
envelock({});
// @ts-expect-error: there is no such option, and nobody passes a nonce.
void envelock({ kek: service }).seal("x", { nonce: new Uint8Array(12) });

// @ts-expect-error: a number is no module.
useModule(17);

declare function consume(...what: readonly unknown[]): void;
