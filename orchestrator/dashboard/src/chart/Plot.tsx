/** A chart on a canvas; loaded when one is shown. */

import "uplot/dist/uPlot.min.css";
import { useEffect, useEffectEvent, useRef } from "react";
import uPlot from "uplot";
import { columnsOf, type Kind, optionsOf } from "./options";
import type { TimeSeries } from "./series";
import { useTheme } from "./useTheme";

export function Plot({
  data,
  kind,
  height,
  onPoint,
}: {
  data: TimeSeries;
  kind: Kind;
  /** In px; it is as wide as there is room. */
  height: number;
  /** Told which span is pointed at, null for none. */
  onPoint(index: number | null): void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const theme = useTheme();
  const latest = useEffectEvent(() => data);
  const point = useEffectEvent(onPoint);
  const names = data.series.map((one) => one.label).join();

  useEffect(() => {
    const place = box.current;
    if (place === null) return;
    const style = getComputedStyle(place);
    const options = optionsOf(
      kind,
      () => latest(),
      (property) => style.getPropertyValue(property).trim(),
      (index) => point(index),
    );
    const drawn = new uPlot(
      { ...options, width: place.clientWidth, height },
      columnsOf(latest(), kind),
      place,
    );
    plot.current = drawn;
    const sizes = new ResizeObserver(() => drawn.setSize({ width: place.clientWidth, height }));
    sizes.observe(place);
    return () => {
      sizes.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [kind, height, theme, names]);

  useEffect(() => plot.current?.setData(columnsOf(data, kind)), [data, kind]);

  return <div ref={box} className="plot" style={{ height }} />;
}
