/**
 * All shortcuts, once: what the keys do unless somebody chose others (keymap.js), what `?` shows and what the documentation is
 * checked against.
 *
 * `keys` are `KeyboardEvent.key` values with modifiers in front; `Mod` is Ctrl, or ⌘ on a Mac. Letters mean the key
 * without Shift. `fixed` ones can't be changed: the key itself says what is meant. Those with a `mode` hold while that is on,
 * and go before the others.
 */
export const SHORTCUTS = /** @type {const} */ ([
  { keys: ["Enter"], action: "accept", title: "Accept the draft into the chosen category", group: "Draft" },
  { keys: ["Escape"], action: "discard", title: "Drop the draft; without one, deselect", group: "Draft" },
  { keys: ["Tab"], action: "nextCandidate", title: "Next candidate: part, object, whole", group: "Draft" },
  { keys: ["Shift+Tab"], action: "previousCandidate", title: "Previous candidate", group: "Draft" },
  { keys: ["z", "Mod+z"], action: "undo", title: "Undo", group: "Draft" },
  { keys: ["Shift+z", "Mod+Shift+z", "Mod+y"], action: "redo", title: "Redo", group: "Draft" },
  { keys: ["e"], action: "refine", title: "Refine the selected object by clicking (double click too)", group: "Objects" },
  { keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], action: "category", title: "Choose a category; relabel the selected object", group: "Objects", fixed: true },
  { keys: ["c"], action: "palette", title: "Find a category by name", group: "Objects" },
  { keys: ["`"], action: "lastCategory", title: "Back to the category before", group: "Objects" },
  { keys: ["n"], action: "addCategory", title: "Add a category", group: "Objects" },
  { keys: ["Delete", "Backspace"], action: "deleteObject", title: "Delete the selected object", group: "Objects" },
  { keys: ["Mod+c"], action: "copy", title: "Copy the selected object, or all", group: "Objects" },
  { keys: ["Mod+v"], action: "paste", title: "Paste what was copied onto this image", group: "Objects" },
  { keys: ["Shift+n"], action: "copyToNext", title: "Copy the selected object, or all, to the next image", group: "Objects" },
  { keys: ["r"], action: "lookCloser", title: "Look closer: refine the edges in the part of the picture that is in sight", group: "Draft" },
  { keys: ["Shift+r"], action: "toggleDetail", title: "Look closer by itself, or only when asked", group: "Draft" },
  { keys: ["y"], action: "toggleLocal", title: "Refine only where the clicks are, or the whole object", group: "Draft" },
  { keys: ["b"], action: "brush", title: "Brush: paint into the mask (right button or Shift erases)", group: "Hand tools" },
  { keys: ["x"], action: "eraser", title: "Eraser", group: "Hand tools" },
  { keys: ["s"], action: "lasso", title: "Lasso: add what is drawn around (right button or Shift cuts out)", group: "Hand tools" },
  { keys: ["p"], action: "polygon", title: "Polygon: click to draw one (Enter closes it); drag the outline’s vertices and edges, Alt + click removes a vertex", group: "Hand tools" },
  { keys: ["["], action: "smallerBrush", title: "Smaller brush (Alt + wheel too)", group: "Hand tools" },
  { keys: ["]"], action: "largerBrush", title: "Larger brush", group: "Hand tools" },
  { keys: ["u"], action: "cleanUp", title: "Clean up the mask; merge, subtract, intersect and split objects", group: "Hand tools" },
  { keys: ["q"], action: "quick", title: "Quick mode: the next click or box accepts the draft and begins another object", group: "Draft" },
  { keys: ["Shift+o"], action: "noOverlap", title: "No overlap: accepted masks leave to other objects what is theirs", group: "Objects" },
  { keys: ["Shift+h"], action: "hideObject", title: "Hide or show the selected object", group: "Objects" },
  { keys: ["l"], action: "lockObject", title: "Lock or unlock the selected object", group: "Objects" },
  { keys: ["ArrowRight", "d"], action: "nextImage", title: "Next image", group: "Images" },
  { keys: ["ArrowLeft", "a"], action: "previousImage", title: "Previous image", group: "Images" },
  { keys: ["Shift+ArrowRight", "Shift+d"], action: "nextUnlabelled", title: "Next image without objects", group: "Images" },
  { keys: ["j"], action: "nextFree", title: "Next image for me: one to do that nobody else has", group: "Images" },
  { keys: ["m"], action: "mark", title: "Mark the image done (or empty) and go to the next", group: "Images" },
  { keys: ["/"], action: "search", title: "Find an image by name", group: "Images" },
  { keys: ["f"], action: "fit", title: "Fit the image to the window (double click too)", group: "View" },
  { keys: ["+", "="], action: "zoomIn", title: "Zoom in (wheel too)", group: "View" },
  { keys: ["-", "_"], action: "zoomOut", title: "Zoom out", group: "View" },
  { keys: ["0"], action: "actualSize", title: "One image pixel per screen pixel", group: "View" },
  { keys: ["Space"], action: "pan", title: "Hold to see the picture without masks; drag meanwhile to pan (middle drag too)", group: "View", fixed: true },
  { keys: ["v"], action: "toggleMasks", title: "Show or hide all masks", group: "View" },
  { keys: ["h"], action: "toggleHover", title: "Show the mask that a click would give", group: "View" },
  { keys: ["i"], action: "isolate", title: "Show the selected object alone", group: "View" },
  { keys: ["Shift+c"], action: "crosshair", title: "Show or hide the crosshair", group: "View" },
  { keys: ["o"], action: "toggleOutline", title: "Show or hide outlines", group: "View" },
  { keys: ["t"], action: "togglePrompts", title: "Show or hide the draft’s points and box", group: "View" },
  { keys: [","], action: "fainter", title: "Fainter masks", group: "View" },
  { keys: ["."], action: "stronger", title: "Stronger masks", group: "View" },
  { keys: ["<"], action: "thinner", title: "Thinner outlines", group: "View" },
  { keys: [">"], action: "thicker", title: "Thicker outlines", group: "View" },
  { keys: ["k"], action: "cursor", title: "Keyboard cursor: a pointer that keys move", group: "Keyboard cursor" },
  { keys: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], action: "cursorMove", title: "Move it", group: "Keyboard cursor", mode: "cursor", fixed: true },
  { keys: ["Shift+ArrowLeft", "Shift+ArrowRight", "Shift+ArrowUp", "Shift+ArrowDown"], action: "cursorNudge", title: "Move it by one pixel", group: "Keyboard cursor", mode: "cursor", fixed: true },
  { keys: ["Space"], action: "cursorClick", title: "Click: a foreground point, or select what is there", group: "Keyboard cursor", mode: "cursor" },
  { keys: ["Shift+Space"], action: "cursorBackground", title: "A background point", group: "Keyboard cursor", mode: "cursor" },
  { keys: ["g"], action: "cursorDrag", title: "Press, and after moving let go: a box, a moved point, a stroke", group: "Keyboard cursor", mode: "cursor" },
  { keys: ["Delete", "Backspace"], action: "cursorRemove", title: "Remove the point or box that is there", group: "Keyboard cursor", mode: "cursor" },
  { keys: ["?"], action: "help", title: "Show these shortcuts, and change them", group: "Help" },
]);

/** What mouse, pen and fingers do on the canvas; shown below the keys. */
export const GESTURES = /** @type {const} */ ([
  { keys: ["Click", "Tap"], title: "Add a foreground point" },
  { keys: ["Right click", "Shift+Click", "Long press"], title: "Add a background point" },
  { keys: ["Drag"], title: "Draw a box; move a point or the box" },
  { keys: ["Alt+Click", "Long press on it"], title: "Remove a point or the box" },
  { keys: ["Wheel", "Two fingers"], title: "Zoom; two fingers move the picture too" },
]);

/** @typedef {typeof SHORTCUTS[number]["action"]} Action */

/** Keys whose Shift is part of the character. */
const SHIFTED = /^[^a-z]$/i;

/**
 * How the table writes a key event: `Mod+Shift+z`.
 * @param {{key: string, ctrlKey: boolean, metaKey: boolean, shiftKey: boolean, altKey: boolean}} event
 */
export function chord(event) {
  const key = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const shift = event.shiftKey && !SHIFTED.test(key);
  return `${event.ctrlKey || event.metaKey ? "Mod+" : ""}${event.altKey ? "Alt+" : ""}${shift ? "Shift+" : ""}${key}`;
}

/** Whether what is typed belongs to the element and not to the canvas. @param {EventTarget | null} target */
export function takesText(target) {
  const element = /** @type {{tagName?: string, isContentEditable?: boolean} | null} */ (target);
  return element?.isContentEditable === true || ["INPUT", "TEXTAREA", "SELECT"].includes(element?.tagName ?? "");
}

/** Elements that Enter and Space press. @param {EventTarget | null} target */
function isPressed(target) {
  const element = /** @type {{tagName?: string, getAttribute?: (name: string) => string | null} | null} */ (target);
  return ["BUTTON", "A", "SUMMARY"].includes(element?.tagName ?? "") || element?.getAttribute?.("role") === "tab";
}

/** Actions that Enter and Space have on the canvas, where a button that has the focus is pressed by them. */
const PRESSING = /** @type {ReadonlySet<Action>} */ (new Set(["accept", "pan", "cursorClick", "cursorBackground"]));

/**
 * Listen on the page.
 * @param {{target: EventTarget, active: () => boolean, actionsOf: (event: KeyboardEvent) => readonly Action[],
 *   run: (action: Action, event: KeyboardEvent, down: boolean) => boolean}} options
 *   active: whether the canvas is what people look at; actionsOf: what the keys mean, the first that is possible is done;
 *   run: does it and says whether the key is used up
 * @returns {() => void} stop listening
 */
export function listen({ target, active, actionsOf, run }) {
  /** @type {(event: Event, down: boolean) => void} */
  const handle = (raw, down) => {
    const event = /** @type {KeyboardEvent} */ (raw);
    if (event.isComposing || !active() || (down && takesText(event.target))) return;
    const used = actionsOf(event).some((action) => {
      // The canvas uses Space too, and says so; everything else that was used up is not for us.
      if (event.defaultPrevented && action !== "pan") return false;
      if (down ? PRESSING.has(action) && isPressed(event.target) : action !== "pan") return false;
      return run(action, event, down);
    });
    if (used) event.preventDefault();
  };
  const down = (/** @type {Event} */ event) => handle(event, true);
  const up = (/** @type {Event} */ event) => handle(event, false);
  target.addEventListener("keydown", down);
  target.addEventListener("keyup", up);
  return () => {
    target.removeEventListener("keydown", down);
    target.removeEventListener("keyup", up);
  };
}
