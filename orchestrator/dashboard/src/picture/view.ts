/** Which part of a picture is seen at first. */

import { HEIGHT, type Layout, type Place, WIDTH } from "./layout";

export interface Box {
  width: number;
  height: number;
}

export interface View {
  /** Where the upper left corner of the picture stands in the box, in px. */
  x: number;
  y: number;
  zoom: number;
  /** Whether all of it is in sight. */
  whole: boolean;
}

/** Below this, names can't be read any more. */
const LEGIBLE = 0.55;
/** Around a picture, as a part of the box. */
const PADDING = 0.08;
/** Before the root of one that is larger than the box, in px: beside it stand the buttons. */
const MARGIN = 84;

/** The whole where it can be read then, else its beginning, from the root on. */
export function viewOf(layout: Layout, root: Place, box: Box, downwards: boolean): View {
  const room = 1 - 2 * PADDING;
  const fitting = Math.min(1, (room * box.width) / layout.width, (room * box.height) / layout.height);
  const zoom = Math.max(fitting, LEGIBLE);
  const middle = (size: number, length: number) => (size - length * zoom) / 2;
  if (fitting >= LEGIBLE) {
    return { x: middle(box.width, layout.width), y: middle(box.height, layout.height), zoom, whole: true };
  }
  const x = downwards ? box.width / 2 - (root.x + WIDTH / 2) * zoom : MARGIN - root.x * zoom;
  const y = downwards ? MARGIN / 2 - root.y * zoom : box.height / 2 - (root.y + HEIGHT / 2) * zoom;
  return { x, y, zoom, whole: false };
}
