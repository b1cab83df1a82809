/** The keys of the Review tab, once: what they do, and what its sheet and the documentation show. */

export const REVIEW_SHORTCUTS = /** @type {const} */ ([
  { keys: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], verb: "move", title: "Go to another tile; with Shift, select those between" },
  { keys: ["Space"], verb: "select", title: "Select the tile, or not (Ctrl + click too)" },
  { keys: ["Mod+a"], verb: "selectAll", title: "Select everything that the filter leaves" },
  { keys: ["Escape"], verb: "leave", title: "Select nothing; close what is open" },
  { keys: ["a"], verb: "approve", title: "Approve" },
  { keys: ["r"], verb: "reject", title: "Reject, with a note for whoever made it" },
  { keys: ["u"], verb: "takeBack", title: "To be reviewed again" },
  { keys: ["c"], verb: "relabel", title: "Give another category" },
  { keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], verb: "category", title: "Give this category" },
  { keys: ["i"], verb: "assign", title: "Say who is to do the images" },
  { keys: ["Enter"], verb: "open", title: "Open in Annotate at the object (double click too)" },
  { keys: ["z", "Mod+z"], verb: "undo", title: "Take back the last judgement" },
  { keys: ["v"], verb: "big", title: "Large, with the whole image beside it" },
  { keys: ["g"], verb: "flip", title: "Objects, or images" },
  { keys: ["+", "="], verb: "larger", title: "Larger tiles" },
  { keys: ["-", "_"], verb: "smaller", title: "Smaller tiles" },
  { keys: ["/"], verb: "search", title: "Find by name of the image or by note" },
  { keys: ["p"], verb: "sheet", title: "Contact sheet of what the filter leaves" },
  { keys: ["?"], verb: "help", title: "Show these keys" },
]);

/** @typedef {typeof REVIEW_SHORTCUTS[number]["verb"]} Verb */

const ARROWS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);
const BY_KEY = /** @type {Map<string, Verb>} */ (new Map(REVIEW_SHORTCUTS.flatMap(({ keys, verb }) => keys.map((key) => /** @type {const} */ ([key, verb])))));

/** What a key event means here. @param {{key: string, ctrlKey: boolean, metaKey: boolean, altKey: boolean}} event @returns {Verb | null} */
export function verbOf({ key, ctrlKey, metaKey, altKey }) {
  if (altKey) return null;
  if (ARROWS.has(key)) return ctrlKey || metaKey ? null : "move";
  const name = key === " " ? "Space" : key.length === 1 ? key.toLowerCase() : key;
  return BY_KEY.get(ctrlKey || metaKey ? `Mod+${name}` : name) ?? null;
}
