/** Who else is here: initials beside the images of the list, and a line above the open one. */

import { h, setText } from "../dom.js";

/** @typedef {import("../live.js").Presence} Presence */

/** Two letters for a name. @param {string} name */
export function initials(name) {
  const words = name.split(/[\s._@-]+/).filter(Boolean);
  const letters = words.length > 1 ? words.slice(0, 2).map((word) => [...word][0] ?? "") : [...(words[0] ?? "?")].slice(0, 2);
  return letters.join("").toUpperCase();
}

/** The people on an image, each once however many tabs they have open. @param {readonly Presence[]} others @param {string | undefined} image */
export const peopleOn = (others, image) => [...new Set(others.filter((one) => one.image === image).map((one) => one.author))].sort();

/** @param {string[]} people @param {string} [me] whose page it is: another tab of theirs is no other person */
export function peopleText(people, me) {
  const others = people.filter((name) => name !== me);
  const own = others.length < people.length;
  if (others.length === 0) return own ? "Open in another tab of yours" : "";
  if (others.length === 1) return `${others[0]} is here too`;
  return others.length === 2 ? `${others[0]} and ${others[1]} are here too` : `${others[0]} and ${others.length - 1} others are here too`;
}

/** The line for the open image. @param {{store: import("../store.js").Store}} options */
export function presenceLine({ store }) {
  const text = h("span");
  const element = h("div", { class: "ann-here", role: "status", "data-testid": "presence", hidden: true }, h("i", { class: "ann-here-dot", "aria-hidden": "true" }), text);
  store.watch((state) => [state.others, state.image?.id, state.project?.author], ({ others, image, project }) => {
    const people = peopleOn(others, image?.id);
    element.hidden = people.length === 0;
    setText(text, peopleText(people, project?.author));
    element.title = people.join(", ");
  });
  return element;
}

/** Initials for a row of the list; the same element is filled again. @param {HTMLElement} place @param {string[]} people */
export function showPeople(place, people) {
  const shown = people.slice(0, 2);
  const key = people.join("\n");
  if (place.dataset["people"] === key) return;
  place.dataset["people"] = key;
  place.title = people.length === 0 ? "" : `Open at: ${people.join(", ")}`;
  place.replaceChildren(...shown.map((name) => h("span", { class: "ann-initials" }, initials(name))),
    ...(people.length > 2 ? [h("span", { class: "ann-initials" }, `+${people.length - 2}`)] : []));
}
