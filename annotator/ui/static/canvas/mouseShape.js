/** What the mouse looks like: it says what a press would do. */

const HANDLES = ["nwse", "nesw", "nwse", "nesw", "ns", "ew", "ns", "ew"];

/**
 * @param {{gesture: import("./gestures.js").Gesture, hover: import("./gestures.js").Hit | null, space: boolean, ring: boolean,
 *   scene: import("./surface.js").Scene}} state  ring: whether a brush's ring stands for it
 * @returns {string} a CSS cursor
 */
export function mouseShape({ gesture, hover, space, ring, scene }) {
  if (gesture.mode === "pan") return "grabbing";
  if (space) return "grab";
  if (gesture.mode === "move-point" || hover?.kind === "point") return "move";
  if (hover?.kind === "handle") return `${HANDLES[hover.index]}-resize`;
  if (hover?.kind === "object" && !scene.draft && hover.id !== scene.selected) return "pointer";
  return ring ? "none" : "crosshair";
}
