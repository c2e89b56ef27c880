/** Which page stands at which address; each is loaded when somebody goes there. */

import { createBrowserRouter, Link } from "react-router";
import { Empty } from "./kit/Empty";
import { Spinner } from "./kit/Spinner";
import { Home } from "./shell/Home";
import { loaded } from "./shell/loaded";
import { PageFault } from "./shell/PageFault";
import { Shell } from "./shell/Shell";

export const router = createBrowserRouter([
  {
    path: "/ns/:namespace",
    Component: Shell,
    ErrorBoundary: PageFault,
    HydrateFallback: () => <Spinner what="Loading" />,
    children: [
      {
        ErrorBoundary: PageFault,
        children: [
          {
            index: true,
            lazy: async () => ({
              Component: (await loaded(() => import("./overview/OverviewPage"))).OverviewPage,
            }),
          },
          {
            path: "runs",
            lazy: async () => ({ Component: (await loaded(() => import("./runs/RunsPage"))).RunsPage }),
          },
          {
            path: "runs/:runId",
            lazy: async () => ({ Component: (await loaded(() => import("./run/RunPage"))).RunPage }),
          },
          {
            path: "graphs",
            lazy: async () => ({ Component: (await loaded(() => import("./graphs/GraphsPage"))).GraphsPage }),
          },
          {
            path: "graphs/:graphName",
            lazy: async () => ({ Component: (await loaded(() => import("./graphs/GraphPage"))).GraphPage }),
          },
          {
            path: "graphs/:graphName/edit",
            lazy: async () => ({
              Component: (await loaded(() => import("./editor/EditGraphPage"))).EditGraphPage,
            }),
          },
          {
            path: "graphs/-new",
            lazy: async () => ({
              Component: (await loaded(() => import("./editor/NewGraphPage"))).NewGraphPage,
            }),
          },
          {
            path: "nodes",
            lazy: async () => ({ Component: (await loaded(() => import("./nodes/NodesPage"))).NodesPage }),
          },
          {
            path: "admin",
            lazy: async () => ({ Component: (await loaded(() => import("./admin/AdminPage"))).AdminPage }),
          },
          {
            path: "*",
            Component: () => (
              <Empty title="There is no such page">
                <Link to="/">Begin anew</Link>
              </Empty>
            ),
          },
        ],
      },
    ],
  },
  { path: "*", Component: Home, HydrateFallback: () => <Spinner what="Loading" /> },
]);
