/**
 * The keys that buttons and labels name. Who makes one says which action it does (`data-action`); what its keys are now is
 * written here, and again when somebody changes them.
 */

import { keyName, keysOf, keyText } from "./keymap.js";

/**
 * @param {Element} root @param {import("./keymap.js").Chosen} keys
 */
export function showHints(root, keys) {
  for (const element of root.querySelectorAll("[data-action]")) showHint(/** @type {HTMLElement} */ (element), keys);
}

/** @param {HTMLElement} element a `kbd`, or what does the action @param {import("./keymap.js").Chosen} keys */
function showHint(element, keys) {
  const [first] = keysOf(keys, /** @type {any} */ (element.dataset["action"]));
  const text = first === undefined ? "" : keyText(first);
  if (element.tagName === "KBD") {
    if (element.textContent !== text) element.textContent = text;
    element.hidden = text === "";
    element.classList.toggle("is-long", text.length > 2); // where room is scarce the tooltip says it
    return;
  }
  const title = element.dataset["title"] ?? "";
  element.title = text === "" ? title : `${title} (${text})`;
  if (first === undefined) element.removeAttribute("aria-keyshortcuts");
  else element.setAttribute("aria-keyshortcuts", keyName(first));
}

/** Another name for what a button does. @param {HTMLElement} element @param {string} title @param {import("./keymap.js").Chosen} keys */
export function retitle(element, title, keys) {
  element.dataset["title"] = title;
  showHint(element, keys);
}
