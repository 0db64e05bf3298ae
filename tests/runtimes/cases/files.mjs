/** Files: sealed part by part on demand, opened where they are read. */

import { check, concat, drain, fails, noise, random, same, unbase64, hex } from "./support.mjs";

/** A reader over bytes that notes what is read. */
function recorded(bytes) {
  const reads = [];
  const read = async (start, end) => (reads.push([start, end]), bytes.slice(start, end));
  return { reads, reader: { size: bytes.length, read } };
}

export function files({ client, envelock, rawAes, FileSlice }, vectors) {
  const box = client({ frameLength: 100 });
  const plaintext = noise(1234);
  const context = { tenant: "t-7" };
  const request = (range, method = "GET") => new Request("https://app.example/video", { method, headers: range ? { range } : {} });

  return {
    async "a message sealed on demand has its size at once and opens"() {
      for (const size of [0, 1, 99, 100, 101, 1000, 1234]) {
        const sealed = await box.sealBlob(new Blob([plaintext.subarray(0, size)]), { context });
        const bytes = await sealed.bytes();
        check(bytes.length === sealed.size && sealed.size === (await box.seal(plaintext.subarray(0, size), { context })).length, "size");
        const opened = await box.open(bytes, { context });
        same(opened, plaintext.subarray(0, size), `${size} bytes`);
      }
    },

    async "every slice has the bytes of the whole, read once or twice"() {
      const sealed = await box.sealBlob(new Blob([plaintext]));
      const next = random(3);
      const slices = Array.from({ length: 60 }, () => [next(sealed.size), next(sealed.size + 50)]);
      const early = await Promise.all(slices.map(([start, end]) => sealed.slice(start, end).bytes()));
      const whole = await sealed.bytes();
      slices.forEach(([start, end], at) => same(early[at], whole.slice(start, Math.max(start, end)), `${start} to ${end}`));
      same(await sealed.slice(-50, -3).slice(1, 20).bytes(), whole.slice(-50, -3).slice(1, 20), "a slice of a slice");
      same((await drain(sealed.slice(7).stream())).bytes, whole.slice(7), "as a stream");
      same(new Uint8Array(await (await sealed.blob()).arrayBuffer()), whole, "as a Blob");
    },

    async "parts make up the whole"() {
      const sealed = await box.sealBlob(new Blob([plaintext]));
      for (const size of [1, 300, sealed.size, 2 * sealed.size]) {
        const parts = sealed.parts(size);
        check(parts.every((part, at) => part instanceof FileSlice && (part.size === size || at === parts.length - 1)), "sizes");
        // The last first, as uploads may do.
        const bytes = [];
        for (const part of size === 1 ? parts.slice(0, 200) : parts.reverse()) bytes.unshift(await part.bytes());
        if (size !== 1) same(await box.open(concat(bytes)), plaintext, `in parts of ${size}`);
      }
      for (const wrong of [0, -1, 1.5]) {
        let refused = false;
        try {
          sealed.parts(wrong);
        } catch (error) {
          refused = error instanceof RangeError;
        }
        check(refused, `parts of ${wrong} bytes`);
      }
    },

    async "new content never leaves under a nonce that was used"() {
      const content = plaintext.slice();
      const source = { size: content.length, read: async (start, end) => content.slice(start, end) };
      const sealed = await box.sealBlob(source);
      const first = await sealed.slice(0, 900).bytes();
      content[450] ^= 1; // In frame 5; the frames before are as they were.
      same(await sealed.slice(0, 300).bytes(), first.slice(0, 300), "what did not change");
      await fails(sealed.slice(0, 860).bytes(), "ERR_SOURCE_CHANGED");
      await fails(sealed.bytes(), "ERR_SOURCE_CHANGED");
      content[450] ^= 1;
      same((await sealed.bytes()).slice(0, 900), first, "as it was again");
      const shrunk = await box.sealBlob({ size: 500, read: async (start, end) => plaintext.slice(start, Math.min(end, 400)) });
      await fails(shrunk.bytes(), "ERR_SOURCE_CHANGED");
    },

    async "two readers at once cannot get two contents of a frame"() {
      let flip = 0;
      const source = { size: 100, read: async () => new Uint8Array(100).fill(flip++) };
      const sealed = await box.sealBlob(source);
      const reads = await Promise.allSettled(Array.from({ length: 8 }, () => sealed.bytes()));
      check(reads.filter(({ status }) => status === "fulfilled").length === 1, "one content only");
      check(reads.every(({ status, reason }) => status === "fulfilled" || reason.code === "ERR_SOURCE_CHANGED"), "the others are refused");
    },

    async "opening reads header and end first, and then what is asked for"() {
      const sealed = await box.seal(noise(100_000), { context });
      const { reads, reader } = recorded(sealed);
      const file = await box.openFile(reader, { context });
      check(file.size === 100_000 && file.context.tenant === "t-7", "size and context");
      check(reads.length === 2 && reads[1][1] === sealed.length && reads[1][1] - reads[1][0] <= 140, JSON.stringify(reads));
      reads.length = 0;
      same(await file.slice(50_010, 50_020).bytes(), noise(100_000).slice(50_010, 50_020), "ten bytes");
      check(reads.length === 1 && reads[0][1] - reads[0][0] === 132, "one frame");
    },

    async "every slice of a stored message is right"() {
      const sealed = await box.seal(plaintext);
      const file = await box.openFile(new Blob([sealed]));
      same(await file.bytes(), plaintext, "all");
      check((await box.openFile(new Blob([await box.seal("tëxt")]))).size === 5, "bytes, not letters");
      const next = random(5);
      for (let at = 0; at < 60; at++) {
        const [start, end] = [next(plaintext.length), next(plaintext.length + 9)];
        same(await file.slice(start, end).bytes(), plaintext.slice(start, Math.max(start, end)), `${start} to ${end}`);
      }
      same((await drain(file.slice(150, 950).stream())).bytes, plaintext.slice(150, 950), "as a stream");
      check((await file.slice(0, 0).text()) === "", "nothing");
    },

    async "a message that is not as long as it was is refused before anything is read"() {
      const sealed = await box.seal(plaintext);
      const frame = 132;
      const last = sealed.length - 74;
      for (const cut of [0, 50, last - 5 * frame, last - 1, last, sealed.length - 1]) {
        await fails(box.openFile(new Blob([sealed.subarray(0, cut)])), "ERR_TRUNCATED");
      }
      for (const more of [1, frame, 74]) {
        await fails(box.openFile(new Blob([sealed, new Uint8Array(more)])), "ERR_TRUNCATED");
      }
      await fails(box.openFile(new Blob([sealed.subarray(0, last), sealed.subarray(last - frame)])), "ERR_TRUNCATED");
      await fails(box.openFile(new Blob([sealed]), { context }), "ERR_CONTEXT_MISMATCH");
    },

    async "progress counts every frame once, however often and in whatever order it is read"() {
      let seen = [];
      const onProgress = (progress) => seen.push(progress);
      const sealed = await box.sealBlob(new Blob([plaintext]), { onProgress });
      const file = await box.openFile(new Blob([await box.seal(plaintext)]), { onProgress });
      for (const [of, end] of [[sealed, sealed.size], [file, file.size]]) {
        seen = [];
        await of.slice(end - 150, end).bytes();
        const { done: part } = seen.at(-1);
        check(part === 134 || part === 234, `the last frames: ${part}`);
        await Promise.all([of.slice(end - 150, end).bytes(), of.slice(end - 120, end).bytes()]);
        check(seen.at(-1).done === part, "the same again");
        await Promise.all([of.bytes(), of.bytes(), drain(of.slice(100, 900).stream())]);
        check(seen.every(({ done, total }, at) => done >= (seen[at - 1]?.done ?? 0) && done <= total && total === 1234), "never back, never beyond");
        check(seen.at(-1).done === 1234, `all of it: ${seen.at(-1).done}`);
      }
      seen = [];
      await (await box.sealBlob(new Blob([]), { onProgress })).bytes();
      check(JSON.stringify(seen) === '[{"done":0,"total":0}]', "of nothing, too");
    },

    async "damage is found where it is read, and nowhere else"() {
      const sealed = await box.seal(plaintext);
      sealed[sealed.length - 74 - 5 * 132 + 60] ^= 1; // Frame 8 of 13.
      const file = await box.openFile(new Blob([sealed]));
      same(await file.slice(0, 700).bytes(), plaintext.slice(0, 700), "before");
      same(await file.slice(800).bytes(), plaintext.slice(800), "after");
      check((await fails(file.slice(650, 750).bytes(), "ERR_FRAME_AUTHENTICATION")).message.includes("frame 8"), "which");
      await fails(file.bytes(), "ERR_FRAME_AUTHENTICATION");
    },

    async "requests for ranges are answered as by a server"() {
      const file = await box.openFile(new Blob([await box.seal(plaintext)]));
      const answers = [
        [undefined, 200, undefined, 0, 1234],
        ["bytes=0-", 206, "bytes 0-1233/1234", 0, 1234],
        ["bytes=100-199", 206, "bytes 100-199/1234", 100, 200],
        ["bytes=1200-9999", 206, "bytes 1200-1233/1234", 1200, 1234],
        ["bytes=-34", 206, "bytes 1200-1233/1234", 1200, 1234],
        ["bytes=-9999", 206, "bytes 0-1233/1234", 0, 1234],
        ["bytes=1234-", 416, "bytes */1234", 0, 0],
        ["bytes=-0", 416, "bytes */1234", 0, 0],
        ["bytes=5-2", 200, undefined, 0, 1234],
        ["bytes=0-1,5-6", 200, undefined, 0, 1234],
        ["lines=1-2", 200, undefined, 0, 1234],
      ];
      for (const [range, status, contentRange, start, end] of answers) {
        const answer = file.response(request(range), { type: "video/mp4" });
        check(answer.status === status, `${range}: ${answer.status}`);
        check((answer.headers.get("content-range") ?? undefined) === contentRange, `${range}: ${answer.headers.get("content-range")}`);
        if (status !== 416) check(answer.headers.get("content-length") === String(end - start), `${range}: length`);
        check(answer.headers.get("content-type") === "video/mp4" && answer.headers.get("accept-ranges") === "bytes", "headers");
        same(new Uint8Array(await answer.arrayBuffer()), plaintext.slice(start, end), String(range));
      }
      const head = file.response(request("bytes=0-9", "HEAD"));
      check(head.status === 206 && head.body === null && head.headers.get("content-length") === "10", "HEAD");
    },

    async "messages of other implementations open where they are read, with either end of an exact multiple"() {
      let multiples = 0;
      for (const { id, keks, message_b64, plaintext_length, frame_length, context: pairs } of vectors) {
        const { namespace, name, key_hex } = keks[0];
        const other = envelock({ kek: rawAes({ namespace, name, key: hex(key_hex) }) });
        const message = unbase64(message_b64);
        const file = await other.openFile(new Blob([message]), { context: pairs });
        check(file.size === plaintext_length, `${id}: ${file.size}`);
        same(await file.bytes(), await other.open(message), id);
        const streamed = await drain(other.openStream(new Blob([message])));
        check(streamed.error === undefined, `${id}: ${streamed.error}`);
        same(streamed.bytes, await other.open(message), id);
        if (plaintext_length > 0 && plaintext_length % frame_length === 0) multiples++;
      }
      check(multiples > 0, "some are exact multiples");
    },

    async "a reader is called as the method that it is"() {
      class Stored {
        constructor(bytes) {
          this.bytes = bytes;
        }
        get size() {
          return this.bytes.length;
        }
        read(start, end) {
          return this.bytes.slice(start, end);
        }
      }
      const sealed = await box.sealBlob(new Stored(plaintext));
      const file = await box.openFile(new Stored(await sealed.bytes()));
      same(await file.bytes(), plaintext, "there and back");
    },

    async "what the source throws comes back as it is"() {
      const thrown = new Error("disk");
      const failing = { size: 10_000, read: async () => { throw thrown; } };
      const sealed = await box.sealBlob(failing);
      check((await sealed.bytes().catch((error) => error)) === thrown, "sealing");
      check((await box.openFile(failing).catch((error) => error)) === thrown, "opening");
    },
  };
}
