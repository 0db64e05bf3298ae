/** The kinds of runtime whose engines were measured. A runtime that none of these words fits counts as a browser. */
export type Runtime = "browser" | "bun" | "deno" | "edge" | "node" | "workerd";

/** How runtimes name themselves in `navigator.userAgent`, as far as they agreed to do so. */
const NAMES = {
  "Cloudflare-Workers": "workerd",
  "Bun/": "bun",
  "Deno/": "deno",
  "Node.js/": "node",
  "Mozilla/": "browser",
} as const;

/**
 * The runtime this runs in, for entries that one file serves everywhere.
 *
 * Good enough to choose the faster of two right ways, and used for nothing else.
 */
export function guess(): Runtime {
  const { navigator, process, EdgeRuntime } = globalThis as {
    navigator?: { userAgent?: string };
    process?: { versions?: { node?: string } };
    EdgeRuntime?: string;
  };
  const named = Object.entries(NAMES).find(([name]) => navigator?.userAgent?.startsWith(name))?.[1];
  return EdgeRuntime === undefined ? (named ?? (process?.versions?.node === undefined ? "browser" : "node")) : "edge";
}
