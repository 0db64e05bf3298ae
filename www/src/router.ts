/**
 * Addresses of the screens, read from and written to the part of the URL after `#`.
 *
 * *Invariant:* knows addresses only; it renders nothing and calls nobody.
 */

export type Route =
  | { screen: "sign-in"; code?: string }
  | { screen: "keys" }
  | { screen: "key-create" }
  | { screen: "key-import" }
  | { screen: "key"; id: string }
  | { screen: "seal"; key?: string }
  | { screen: "open" }
  | { screen: "inspect" }
  | { screen: "unknown" };

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const parameters = new URLSearchParams(query);
  const [first = "", second = ""] = path.split("/").filter(Boolean);
  switch (first) {
    case "":
      return { screen: "keys" };
    case "sign-in": {
      const code = parameters.get("code");
      return code ? { screen: "sign-in", code } : { screen: "sign-in" };
    }
    case "keys":
      if (second === "") return { screen: "keys" };
      return second === "new" ? { screen: "key-create" } : second === "import" ? { screen: "key-import" } : { screen: "key", id: decoded(second) };
    case "seal": {
      const key = parameters.get("key");
      return key ? { screen: "seal", key } : { screen: "seal" };
    }
    case "open":
      return { screen: "open" };
    case "inspect":
      return { screen: "inspect" };
    default:
      return { screen: "unknown" };
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

export const address = {
  signIn: "#/sign-in",
  keys: "#/keys",
  create: "#/keys/new",
  import: "#/keys/import",
  key: (id: string) => `#/keys/${encodeURIComponent(id)}`,
  seal: "#/seal",
  sealWith: (id: string) => `#/seal?key=${encodeURIComponent(id)}`,
  open: "#/open",
  inspect: "#/inspect",
} as const;

export function go(to: string): void {
  location.hash = to;
}
