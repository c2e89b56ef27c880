import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const BUILT = "../exosphere_orchestrator/dashboard";
/** Below this many bytes a compressed copy saves no packet. */
const WORTH_PACKING = 1024;

/** Writes a compressed copy beside each file: the state manager has nothing to compress at run time. */
function packed(): Plugin {
  return {
    name: "packed",
    apply: "build",
    closeBundle() {
      const folder = join(import.meta.dirname, BUILT, "assets");
      for (const name of readdirSync(folder).filter((file) => /\.(js|css|svg)$/.test(file))) {
        const content = readFileSync(join(folder, name));
        if (content.length >= WORTH_PACKING) {
          writeFileSync(join(folder, `${name}.gz`), gzipSync(content, { level: 9 }));
        }
      }
    },
  };
}

/** The state manager that `npm run dev` shows. */
const STATE_MANAGER = process.env.EXOSPHERE_STATE_MANAGER_URI ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), packed()],
  build: {
    outDir: BUILT,
    emptyOutDir: true,
    // Nothing is written into the page or the style sheet: the content security policy allows files alone.
    assetsInlineLimit: 0,
    // One style sheet: a part that is loaded later brings a script alone.
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  server: { proxy: { "/v0": STATE_MANAGER } },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
});
