import { useMemo } from "react";
import type { Figures } from "../api/types";
import { Chart } from "../chart/Chart";
import { ratesOf } from "../figures/figures";
import { useFigures } from "../figures/useFigures";
import { Answer } from "../kit/Answer";
import { rate } from "../kit/format";

const MINUTE_S = 60;

/** States a second over the last hour. */
export function RatesCard({ namespace }: { namespace: string }) {
  const figures = useFigures(namespace);
  return (
    <section className="card" aria-label="States a second">
      <h2>
        States a second <span className="hint">last hour</span>
      </h2>
      <Answer query={figures}>{(found) => <RatesChart figures={found} />}</Answer>
    </section>
  );
}

function RatesChart({ figures }: { figures: Figures }) {
  const data = useMemo(() => {
    const { times, succeeded, failed } = ratesOf(figures);
    return {
      times,
      spanS: MINUTE_S,
      series: [
        { label: "succeeded", colour: "--success", values: succeeded } as const,
        { label: "failed", colour: "--errored", values: failed } as const,
      ],
    };
  }, [figures]);
  return (
    <Chart
      data={data}
      kind="lines"
      label="Attempts that ended a second, minute by minute over the last hour"
      format={rate}
    />
  );
}
