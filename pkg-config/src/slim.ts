import { sha256 } from "../wasm/sha256.js";
import { EnvelockError } from "./error.js";
import { successful } from "./wasm.js";

/** A `WebAssembly.Module`, also where TypeScript does not know the browser's types; it has no members in them either. */
export type CompiledModule = object;

/**
 * The module `envelock_bg.wasm` of the same version of the package: its bytes, a response that has them, their address,
 * or a module that was compiled from them.
 *
 * Bytes are compared with the SHA-256 that this package carries before they are compiled. A `WebAssembly.Module` does
 * not tell what it was made from: whoever passes one answers for it.
 */
export type ModuleSource = CompiledModule | ArrayBuffer | ArrayBufferView | Response | URL | string;

type Provider = () => ModuleSource | Promise<ModuleSource>;

let given: Provider | undefined;

/**
 * Says where the module is. Must be called before the first use; loads nothing yet. A function is called at the first
 * use, and again after a load that failed.
 */
export function useModule(source: ModuleSource | (() => ModuleSource | Promise<ModuleSource>)): void {
  given = typeof source === "function" ? (source as Provider) : () => source;
}

/** Checks and compiles what {@link useModule} was given. */
export async function compileGiven(): Promise<CompiledModule> {
  if (given === undefined) {
    throw failure("ERR_MODULE_NOT_GIVEN", "envelock/slim carries no module: pass one to useModule() before the first use");
  }
  const source = await given();
  const bytes = await bytesOf(source);
  // Only bytes can be checked. The engine refuses whatever is neither bytes nor a module.
  return bytes === undefined ? (source as CompiledModule) : WebAssembly.compile(await checked(bytes));
}

async function bytesOf(source: ModuleSource): Promise<BufferSource | undefined> {
  const answer = typeof source === "string" || source instanceof URL ? await fetch(source) : source;
  if (answer instanceof Response) {
    return successful(answer).arrayBuffer();
  }
  return ArrayBuffer.isView(answer) || answer instanceof ArrayBuffer ? (answer as BufferSource) : undefined;
}

async function checked(bytes: BufferSource): Promise<BufferSource> {
  if (globalThis.crypto?.subtle === undefined) {
    throw failure(
      "ERR_MODULE_UNCHECKED",
      "the module's SHA-256 cannot be computed here, as crypto.subtle needs a secure context: serve the page over https, " +
        "or import envelock/inline",
    );
  }
  // Copied first: what was checked must be what is compiled, whoever else holds the buffer.
  const own = ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice()
    : new Uint8Array(bytes).slice();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", own));
  if (Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") !== sha256) {
    throw failure(
      "ERR_MODULE_ALTERED",
      "the bytes are not those of envelock_bg.wasm of this version of the package: take the file from the same version",
    );
  }
  return own;
}

function failure(code: string, message: string): EnvelockError {
  return new EnvelockError({ code, fault: "caller", retryable: false, message });
}
