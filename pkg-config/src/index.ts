export { envelock, inspect } from "./client.js";
export type { CallOptions, Context, Data, Envelock, EnvelockOptions, Inspection, InspectedEdk, Progress } from "./client.js";
export { EnvelockError } from "./error.js";
export type { Fault } from "./error.js";
export { apiKey, bearer, keyProtect, rawAes } from "./kek.js";
export type { ApiKeyAuth, BearerAuth, Kek, KeyProtectKek, RawAesKek } from "./kek.js";
export { Opened } from "./opened.js";
