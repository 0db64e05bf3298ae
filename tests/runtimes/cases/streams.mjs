/** Streams: what goes through comes out, in bounded memory, and nothing is left behind when it ends early. */

import { check, concat, drain, fails, noise, random, same, source } from "./support.mjs";

export function streams({ client, EnvelockError }) {
  const frames = (frameLength) => client({ frameLength });
  const tick = () => new Promise((resolve) => setTimeout(resolve, 0));

  return {
    async "chunks of any size come back, whatever the frames"() {
      const next = random(7);
      for (const frameLength of [1, 7, 64, 1000]) {
        const box = frames(frameLength);
        for (const size of [0, 1, frameLength - 1, frameLength, frameLength + 1, 4 * frameLength, 9 * frameLength + 3]) {
          const plaintext = noise(Math.min(size, 3000));
          for (const largest of [1, 13, frameLength, 4 * frameLength]) {
            const chunk = () => next(largest + 1); // Empty ones too.
            const sealed = await drain(source(plaintext, chunk).stream.pipeThrough(box.sealStream()));
            check(sealed.error === undefined, String(sealed.error));
            same(await box.open(sealed.bytes), plaintext, `${plaintext.length} bytes sealed in frames of ${frameLength}`);
            check(sealed.bytes.length === (await box.seal(plaintext)).length, "as long as sealed at once");
            const opened = await drain(box.openStream(source(sealed.bytes, chunk).stream));
            check(opened.error === undefined, String(opened.error));
            same(opened.bytes, plaintext, `${plaintext.length} bytes opened in frames of ${frameLength}`);
          }
        }
      }
    },

    async "every kind of source is taken"() {
      const box = frames(100);
      const plaintext = noise(1234);
      const context = { a: "b" };
      const views = async function* () {
        yield plaintext.buffer.slice(0, 1000);
        yield new DataView(plaintext.buffer, 1000, 200);
        yield plaintext.subarray(1200);
      };
      for (const given of [new Blob([plaintext]), views(), source(plaintext, () => 77).stream]) {
        const sealed = await drain(box.sealStream(given, { context }));
        const opened = await drain(box.openStream(new Blob([sealed.bytes]), { context }));
        same(opened.bytes, plaintext, "opened");
        const refused = await drain(box.openStream(new Blob([sealed.bytes]), { context: { a: "c" } }));
        check(refused.error instanceof EnvelockError && refused.error.code === "ERR_CONTEXT_MISMATCH", "context");
      }
    },

    async "nothing comes out before its frame is verified"() {
      const box = frames(100);
      const plaintext = noise(1000);
      const sealed = await box.seal(plaintext);
      const body = sealed.length - 10 * 132 - 8;
      for (const frame of [0, 4, 9]) {
        const damaged = sealed.slice();
        damaged[body + frame * 132 + 50] ^= 1;
        const { bytes, error } = await drain(box.openStream(source(damaged, () => 41).stream));
        check(error?.code === "ERR_FRAME_AUTHENTICATION", `frame ${frame}: ${error}`);
        check(bytes.length <= frame * 100, `${bytes.length} bytes came out before frame ${frame} failed`);
        same(bytes, plaintext.subarray(0, bytes.length), "a front of the plaintext");
      }
    },

    async "a cut is told, wherever it is"() {
      const box = frames(100);
      const plaintext = noise(300);
      const sealed = await box.seal(plaintext);
      for (let length = 0; length < sealed.length; length += length < 80 ? 40 : 13) {
        const { bytes, error } = await drain(box.openStream(new Blob([sealed.subarray(0, length)])));
        check(error?.code === "ERR_TRUNCATED", `${length} bytes: ${error}`);
        same(bytes, plaintext.subarray(0, bytes.length), "a front of the plaintext");
      }
      const more = await drain(box.openStream(new Blob([sealed, "x"])));
      check(more.error?.code === "ERR_TRAILING_DATA", `appended: ${more.error}`);
    },

    async "a reader that stops, stops the source"() {
      const box = client();
      const frame = 262_144;
      for (const verb of ["sealStream", "openStream"]) {
        const bytes = verb === "sealStream" ? noise(40 * frame) : await box.seal(new Uint8Array(40 * frame));
        const { stream, seen } = source(bytes, () => 65_536);
        const reader = box[verb](stream).getReader();
        for (let at = 0; at < 4; at++) check(!(await reader.read()).done, "there is more");
        for (let at = 0; at < 50; at++) await tick();
        check(seen.given <= 20 * frame, `${verb} took ${seen.given} bytes and gave four frames`);
        await reader.cancel();
      }
    },

    async "a reader that stops within one large chunk is heard"() {
      const box = client();
      const pair = box.sealStream();
      const writer = pair.writable.getWriter();
      const reader = pair.readable.getReader();
      const written = writer.write(new Uint8Array(30_000_000)).catch(() => "refused");
      for (let at = 0; at < 3; at++) await reader.read();
      let settled = false;
      written.then(() => (settled = true));
      for (let at = 0; at < 20; at++) await tick();
      check(!settled, "the rest of the chunk waits for the reader");
      await reader.cancel("enough");
      check((await written) === "refused", "the write ends with the reader");
    },

    async "a cancel at any step reaches the source with its reason"() {
      const box = frames(100);
      const plaintext = noise(1000);
      const sealed = await box.seal(plaintext);
      for (const [verb, bytes] of [["sealStream", plaintext], ["openStream", sealed]]) {
        for (let steps = 0; steps < 12; steps++) {
          const { stream, seen } = source(bytes, () => 90);
          const reader = box[verb](stream).getReader();
          let read = { done: false };
          for (let at = 0; at < steps && !read.done; at++) read = await reader.read();
          const reason = new Error(`after ${steps}`);
          await reader.cancel(reason);
          for (let at = 0; at < 20 && seen.cancelled === undefined; at++) await tick();
          check(read.done || seen.cancelled === reason || seen.given === bytes.length, `${verb}, ${steps} reads: ${seen.cancelled}`);
        }
      }
    },

    async "an abort ends both sides with its reason"() {
      const box = frames(100);
      for (const steps of [0, 1, 3]) {
        const controller = new AbortController();
        const reason = new Error("enough");
        const { stream, seen } = source(noise(100_000), () => 90);
        const reader = box.sealStream(stream, { signal: controller.signal }).getReader();
        for (let at = 0; at < steps; at++) await reader.read();
        controller.abort(reason);
        const error = await (async () => { for (;;) await reader.read(); })().catch((thrown) => thrown);
        check(error === reason, `the reader sees ${error}`);
        for (let at = 0; at < 20 && seen.cancelled === undefined; at++) await tick();
        check(seen.cancelled === reason, `the source sees ${seen.cancelled}`);
      }
      const { error } = await drain(box.openStream(new Blob(["x"]), { signal: AbortSignal.abort("before") }));
      check(error === "before", "aborted before");
    },

    async "a source that fails, and a writer that gives up, fail the reader with the same reason"() {
      const box = frames(100);
      const reason = new Error("disk");
      const failing = new ReadableStream({
        pull(controller) {
          controller.error(reason);
        },
      });
      check((await drain(box.sealStream(failing))).error === reason, "source");
      const pair = box.sealStream();
      const drained = drain(pair.readable);
      const writer = pair.writable.getWriter();
      await writer.write(noise(1000));
      await writer.abort(reason);
      check((await drained).error === reason, "writer");
    },

    async "what is no bytes is refused on both sides"() {
      const pair = frames(100).sealStream();
      const writer = pair.writable.getWriter();
      const drained = drain(pair.readable);
      await fails(writer.write("text"), "ERR_INVALID_ARGUMENT");
      check((await drained).error?.code === "ERR_INVALID_ARGUMENT", "the reader too");
    },

    async "a chunk may be used again once it is written"() {
      const box = frames(1000);
      const pair = box.sealStream();
      const drained = drain(pair.readable);
      const writer = pair.writable.getWriter();
      const chunk = new Uint8Array(333);
      const all = [];
      for (let at = 0; at < 20; at++) {
        chunk.fill(at);
        all.push(chunk.slice());
        await writer.write(chunk);
        chunk.fill(255);
      }
      await writer.close();
      same(await box.open((await drained).bytes), concat(all), "what was written");
    },

    async "other tasks get their turn while long work goes on"() {
      const box = frames(4096);
      const plaintext = new Uint8Array(16 << 20);
      const sealed = await box.seal(plaintext);
      const work = {
        seal: () => box.seal(plaintext),
        open: () => box.open(sealed),
        sealStream: () => drain(box.sealStream(new Blob([plaintext]))),
        openStream: () => drain(box.openStream(new Blob([sealed]))),
      };
      for (const [name, run] of Object.entries(work)) {
        let turns = 0;
        let going = true;
        const count = async () => {
          for (; going; turns++) await tick();
        };
        const counted = count();
        await run();
        going = false;
        check(turns >= 2, `${name}: ${turns} turns`);
        await counted;
      }
    },

    async "progress goes up, to no end that anybody knows"() {
      const seen = [];
      const { bytes } = await drain(frames(100).sealStream(new Blob([noise(1000)]), { onProgress: (progress) => seen.push(progress) }));
      check(bytes.length > 1000 && seen.at(-1).done === 1000 && seen.every(({ total }) => total === undefined), JSON.stringify(seen));
    },
  };
}
