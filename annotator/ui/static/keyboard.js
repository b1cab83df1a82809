/**
 * All shortcuts, once: what the keys do, what `?` shows and what the documentation is checked against.
 *
 * `keys` are `KeyboardEvent.key` values with modifiers in front; `Mod` is Ctrl, or ⌘ on a Mac. Letters mean the key
 * without Shift. `held` actions end when the key is let go.
 */
export const SHORTCUTS = /** @type {const} */ ([
  { keys: ["Enter"], action: "accept", title: "Accept the draft into the chosen category", group: "Draft" },
  { keys: ["Escape"], action: "discard", title: "Drop the draft; without one, deselect", group: "Draft" },
  { keys: ["Tab"], action: "nextCandidate", title: "Next candidate: part, object, whole", group: "Draft" },
  { keys: ["Shift+Tab"], action: "previousCandidate", title: "Previous candidate", group: "Draft" },
  { keys: ["z", "Mod+z"], action: "undo", title: "Undo", group: "Draft" },
  { keys: ["Shift+z", "Mod+Shift+z", "Mod+y"], action: "redo", title: "Redo", group: "Draft" },
  { keys: ["e"], action: "refine", title: "Refine the selected object by clicking (double click too)", group: "Objects" },
  { keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], action: "category", title: "Choose a category; relabel the selected object", group: "Objects" },
  { keys: ["c"], action: "palette", title: "Find a category by name", group: "Objects" },
  { keys: ["`"], action: "lastCategory", title: "Back to the category before", group: "Objects" },
  { keys: ["n"], action: "addCategory", title: "Add a category", group: "Objects" },
  { keys: ["Delete", "Backspace"], action: "deleteObject", title: "Delete the selected object", group: "Objects" },
  { keys: ["Mod+c"], action: "copy", title: "Copy the selected object, or all", group: "Objects" },
  { keys: ["Mod+v"], action: "paste", title: "Paste what was copied onto this image", group: "Objects" },
  { keys: ["Shift+n"], action: "copyToNext", title: "Copy the selected object, or all, to the next image", group: "Objects" },
  { keys: ["r"], action: "lookCloser", title: "Look closer: refine the edges in the part of the picture that is in sight", group: "Draft" },
  { keys: ["b"], action: "brush", title: "Brush: paint into the mask (right button or Shift erases)", group: "Hand tools" },
  { keys: ["x"], action: "eraser", title: "Eraser", group: "Hand tools" },
  { keys: ["s"], action: "lasso", title: "Lasso: add what is drawn around (right button or Shift cuts out)", group: "Hand tools" },
  { keys: ["["], action: "smallerBrush", title: "Smaller brush (Alt + wheel too)", group: "Hand tools" },
  { keys: ["]"], action: "largerBrush", title: "Larger brush", group: "Hand tools" },
  { keys: ["u"], action: "cleanUp", title: "Clean up the mask: holes, specks, outline, overlaps", group: "Hand tools" },
  { keys: ["q"], action: "quick", title: "Quick mode: the next click or box accepts the draft and begins another object", group: "Draft" },
  { keys: ["Shift+h"], action: "hideObject", title: "Hide or show the selected object", group: "Objects" },
  { keys: ["l"], action: "lockObject", title: "Lock or unlock the selected object", group: "Objects" },
  { keys: ["ArrowRight", "d"], action: "nextImage", title: "Next image", group: "Images" },
  { keys: ["ArrowLeft", "a"], action: "previousImage", title: "Previous image", group: "Images" },
  { keys: ["Shift+ArrowRight", "Shift+d"], action: "nextUnlabelled", title: "Next image without objects", group: "Images" },
  { keys: ["m"], action: "mark", title: "Mark the image done (or empty) and go to the next", group: "Images" },
  { keys: ["/"], action: "search", title: "Find an image by name", group: "Images" },
  { keys: ["f"], action: "fit", title: "Fit the image to the window (double click too)", group: "View" },
  { keys: ["+", "="], action: "zoomIn", title: "Zoom in (wheel too)", group: "View" },
  { keys: ["-", "_"], action: "zoomOut", title: "Zoom out", group: "View" },
  { keys: ["0"], action: "actualSize", title: "One image pixel per screen pixel", group: "View" },
  { keys: ["Space"], action: "pan", title: "Hold to see the picture without masks; drag meanwhile to pan (middle drag too)", group: "View", held: true },
  { keys: ["v"], action: "toggleMasks", title: "Show or hide all masks", group: "View" },
  { keys: ["h"], action: "toggleHover", title: "Show the mask that a click would give", group: "View" },
  { keys: ["i"], action: "isolate", title: "Show the selected object alone", group: "View" },
  { keys: ["Shift+c"], action: "crosshair", title: "Show or hide the crosshair", group: "View" },
  { keys: ["o"], action: "toggleOutline", title: "Show or hide outlines", group: "View" },
  { keys: ["?"], action: "help", title: "Show these shortcuts", group: "Help" },
]);

/** What the mouse does on the canvas; shown below the keys. */
export const GESTURES = /** @type {const} */ ([
  { keys: ["Click"], title: "Add a foreground point" },
  { keys: ["Right click", "Shift+Click"], title: "Add a background point" },
  { keys: ["Drag"], title: "Draw a box; move a point or the box" },
  { keys: ["Alt+Click"], title: "Remove a point or the box" },
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

/** @type {Map<string, Action>} */
const ACTIONS = new Map(SHORTCUTS.flatMap((row) => row.keys.map((key) => /** @type {[string, Action]} */ ([key, row.action]))));

/** The action of a key event, if it has one. @param {Parameters<typeof chord>[0]} event */
export function actionOf(event) {
  return ACTIONS.get(chord(event)) ?? null;
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

/**
 * Listen on the page.
 * @param {{target: EventTarget, active: () => boolean, run: (action: Action, event: KeyboardEvent, down: boolean) => boolean}} options
 *   active: whether the canvas is what people look at; run: does it and says whether the key is used up
 * @returns {() => void} stop listening
 */
export function listen({ target, active, run }) {
  /** @type {(event: Event, down: boolean) => void} */
  const handle = (raw, down) => {
    const event = /** @type {KeyboardEvent} */ (raw);
    if (event.isComposing || !active()) return;
    const action = actionOf(event);
    // The canvas uses Space too, and says so; everything else that was used up is not for us.
    if (event.defaultPrevented && action !== "pan") return;
    if (action === null || (down && takesText(event.target))) return;
    if ((action === "accept" || action === "pan") && down && isPressed(event.target)) return;
    if (!down && action !== "pan") return;
    if (run(action, event, down)) event.preventDefault();
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
