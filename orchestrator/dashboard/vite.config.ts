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

/** What the first page is made of and only scripts ask for. A browser that reads of it in the page loads it at once, together
 * with what runs first, and not one after another. */
const FIRST = ["src/main.tsx", "src/overview/OverviewPage.tsx"];

function preloaded(): Plugin {
  return {
    name: "preloaded",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle = {} }) {
        const chunks = Object.values(bundle).filter((part) => part.type === "chunk");
        const first = FIRST.map((source) => {
          const found = chunks.find((chunk) => chunk.facadeModuleId?.endsWith(source));
          if (found === undefined) throw new Error(`the build has no file for ${source}`);
          return found;
        });
        const files = new Set(first.flatMap((chunk) => [...chunk.imports, chunk.fileName]));
        return [...files]
          .filter((file) => !html.includes(file))
          .map((file) => ({
            tag: "link",
            attrs: { rel: "modulepreload", crossorigin: true, href: `/${file}` },
            injectTo: "head" as const,
          }));
      },
    },
  };
}

/** Which parts of the script are one file: a small one costs a browser and a state manager more than it weighs. */
const TOGETHER = [
  // What runs before the rest is there.
  {
    name: "begin",
    priority: 3,
    test: /vite\/preload-helper|src\/(begin|api\/ahead|session\/keyStore|shell\/(loaded|theme))\.ts/,
  },
  // What the overview needs, and most other pages do.
  {
    name: "base",
    priority: 2,
    test: /node_modules\/(react|react-dom|react-router|scheduler|@tanstack\/(react-query|query-core))\/|src\/(api|figures|kit|live|queues|runtimes|session|shell)\/(?!ConfirmDialog|Values)|src\/(chart\/series|graphs\/useGraphs|runs\/filter)\./,
  },
  { name: "dialogs", priority: 1, test: /node_modules\/@ariakit\// },
];

/** The state manager that `npm run dev` shows. */
const STATE_MANAGER = process.env.EXOSPHERE_STATE_MANAGER_URI ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), packed(), preloaded()],
  build: {
    outDir: BUILT,
    emptyOutDir: true,
    // Nothing is written into the page or the style sheet: the content security policy allows files alone.
    assetsInlineLimit: 0,
    // One style sheet: a part that is loaded later brings a script alone.
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    target: "es2022",
    rolldownOptions: { output: { codeSplitting: { groups: TOGETHER } } },
  },
  server: { proxy: { "/v0": STATE_MANAGER } },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
});
