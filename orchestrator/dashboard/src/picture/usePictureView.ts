import type { Edge, Node, ReactFlowInstance } from "@xyflow/react";
import { type RefObject, useEffect, useState } from "react";
import { HEIGHT, type Layout, type Place, WIDTH } from "./layout";
import { viewOf } from "./view";

/**
 * Puts into sight what is to be seen of a picture: when it is drawn, when its box changes, and what the keyboard comes to.
 *
 * Returns whether all of it is in sight then.
 */
export function usePictureView<Shown extends Node>(
  flow: ReactFlowInstance<Shown, Edge> | null,
  box: RefObject<HTMLElement | null>,
  placed: Layout,
  root: Place,
  downwards: boolean,
): boolean {
  const [whole, setWhole] = useState(true);
  useEffect(() => {
    const element = box.current;
    if (flow === null || element === null) return;
    const observer = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = element;
      const view = viewOf(placed, root, { width, height }, downwards);
      setWhole(view.whole);
      void flow.setViewport(view);
    });
    observer.observe(element);
    const focus = ({ target }: FocusEvent) => {
      if (!(target instanceof HTMLElement) || !target.matches(":focus-visible")) return;
      const node = target.closest<HTMLElement>(".react-flow__node");
      const place = placed.places.get(node?.dataset.id ?? "");
      if (!node || !place || isWithin(node, element)) return;
      void flow.setCenter(place.x + WIDTH / 2, place.y + HEIGHT / 2, { zoom: flow.getZoom() });
    };
    element.addEventListener("focusin", focus);
    return () => {
      observer.disconnect();
      element.removeEventListener("focusin", focus);
    };
  }, [flow, box, placed, root, downwards]);
  return whole;
}

function isWithin(part: HTMLElement, whole: HTMLElement): boolean {
  const inner = part.getBoundingClientRect();
  const outer = whole.getBoundingClientRect();
  return (
    inner.left >= outer.left &&
    inner.right <= outer.right &&
    inner.top >= outer.top &&
    inner.bottom <= outer.bottom
  );
}
