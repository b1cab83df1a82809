/** A finding as a row: what it is about, where, and what takes care of it. */

import { h } from "../dom.js";

/** What a fix does, as people call it. @type {{[fix: string]: string}} */
export const FIXES = {
  fill_holes: "Fill the holes", remove_specks: "Remove the specks", keep_largest: "Keep the largest part", no_overlap: "Leave it to the other",
  delete: "Delete the object", mark_empty: "Mark as empty",
};

/** Where a finding is, as an address of the page. @param {import("./quality.js").Finding} finding */
export function addressOf({ image, annotation }) {
  if (image === null) return null;
  return annotation === null ? `#image=${encodeURIComponent(image)}` : `#image=${encodeURIComponent(image)}&object=${annotation}`;
}

/**
 * @param {import("./quality.js").Finding} finding
 * @param {{fix: (id: number) => void, focused: boolean}} options
 */
export function findingRow(finding, { fix, focused }) {
  const address = addressOf(finding);
  return h("div", { class: `qual-row${focused ? " is-focused" : ""}`, role: "listitem", "data-testid": "finding" },
    h("span", { class: "qual-picture" }, finding.picture === null ? null : h("img", { alt: "", loading: "lazy", decoding: "async", src: finding.picture })),
    h("span", { class: "qual-text" }, h("span", {}, finding.message),
      h("span", { class: "rev-small" }, [finding.image_name, finding.stale ? "changed since the check" : ""].filter(Boolean).join(" · "))),
    address === null ? null : h("a", { class: "ann-button", href: address, title: "Open in Annotate (Enter)" }, "Open"),
    finding.fix === null ? null : h("button", { type: "button", class: "ann-button", title: "F", "data-testid": "fix", on: { click: () => fix(finding.id) } }, FIXES[finding.fix] ?? "Mend"));
}
