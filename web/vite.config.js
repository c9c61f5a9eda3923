// Styles and scripts of all pages. The server embeds what this writes: each file under a name that says what it holds.
import { defineConfig } from "vite";

export default defineConfig({
  base: "/",
  build: {
    outDir: process.env.KANDENG_WEB_OUT ?? "dist",
    emptyOutDir: true,
    manifest: true,
    target: "es2020",
    // Nothing inline: the pages' content policy has no place for it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: "src/main.ts" },
  },
});
