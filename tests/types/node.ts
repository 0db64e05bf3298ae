// What a program of Node does with the package, in types: without the browser's.

import { createReadStream, createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { apiKey, envelock, keyProtect, localKek } from "envelock";
import { useModule } from "envelock/slim";

const box = envelock({ kek: keyProtect({ key: "crn:v1:…", auth: apiKey("key") }) });

useModule(() => readFile("envelock_bg.wasm"));
useModule(new URL("https://files.example.com/envelock_bg.wasm"));

export async function program(): Promise<string> {
  const key = await crypto.subtle.generateKey({ name: "AES-KW", length: 256 }, false, ["wrapKey", "unwrapKey"]);
  const local = envelock({ kek: localKek({ name: "here", key }) });
  await pipeline(createReadStream("report.pdf"), (source) => box.sealStream(source), createWriteStream("report.sealed"));
  for await (const chunk of local.openStream(createReadStream("report.sealed"))) process.stdout.write(chunk);
  return (await local.open(await readFile("note.sealed"))).text();
}
