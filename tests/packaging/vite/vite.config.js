import { defineConfig } from "vite";

// As an application has it, but for the fixed name of the script, which is loaded by workers too.
export default defineConfig({
  base: "./",
  build: { rollupOptions: { input: "main.js", output: { entryFileNames: "main.js" } } },
});
