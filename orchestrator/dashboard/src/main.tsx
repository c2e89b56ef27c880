import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import { passes } from "./api/errors";
import { router } from "./routes";
import { SessionGate } from "./session/SessionGate";
import "./style/index.css";

const RETRIES = 6;
const LONGEST_PAUSE_MS = 10_000;
const FRESH_MS = 2000;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Over the restart of a state manager; an answer that says no is not asked for again.
      retry: (failures, error) => passes(error) && failures < RETRIES,
      retryDelay: (failures) => Math.min(LONGEST_PAUSE_MS, 500 * 2 ** failures),
      staleTime: FRESH_MS,
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

export function show(): void {
  const root = document.getElementById("root");
  if (root === null) throw new Error("index.html has no element #root");
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <SessionGate>
          <RouterProvider router={router} />
        </SessionGate>
      </QueryClientProvider>
    </StrictMode>,
  );
}
