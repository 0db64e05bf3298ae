import { defineConfig, loadEnv } from "vite";

const PATHS = ["/api", "/identity", "/console", "/health"];

export default defineConfig(({ mode }) => {
  // While developing, calls go to a key server named by the environment; the built console is served by the key server itself.
  const { ENVELOCK_URL: target } = loadEnv(mode, ".", "ENVELOCK_");
  return {
    base: "./",
    build: {
      target: "es2022",
      // The content security policy forbids data: fonts, so nothing is folded into the style sheet.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      // Carbon carries its style sheets in its scripts, which compress well: 0.1 MB travels.
      chunkSizeWarningLimit: 1000,
    },
    worker: { format: "es" },
    server: {
      host: "127.0.0.1",
      ...(target ? { proxy: Object.fromEntries(PATHS.map((path) => [path, { target }])) } : {}),
    },
  };
});
