/** One object large, with its whole image beside it: judging one after the other. */

import { API } from "../base.js";
import { button, h, setText } from "../dom.js";
import { percent } from "./tiles.js";

/**
 * @param {{run: (verb: string) => void, nameOf: (category: number) => string}} options
 */
export function bigView({ run, nameOf }) {
  const crop = h("img", { class: "rev-big-crop", alt: "", "data-testid": "big-crop", on: { load: () => crop.classList.remove("is-coming") } });
  const whole = h("img", { class: "rev-big-whole", alt: "The whole image with its masks" });
  const title = h("h2");
  const facts = h("p", { class: "rev-big-facts" });
  const note = h("p", { class: "rev-big-note" });
  const verbs = /** @type {const} */ ([["approve", "Approve", "A"], ["reject", "Reject…", "R"], ["takeBack", "To review", "U"], ["relabel", "Relabel…", "C"], ["open", "Open in Annotate", "⏎"]]);
  const element = h("div", { class: "rev-big", role: "dialog", "aria-label": "One object", "data-testid": "big-view", hidden: true },
    h("div", { class: "rev-big-stage" }, crop),
    h("div", { class: "rev-big-side" }, h("header", {}, title, button({ title: "Close (V or Esc)", icon: "close", click: () => run("big") })), facts, note, whole,
      h("div", { class: "rev-big-buttons" }, verbs.map(([verb, label, key]) => h("button", { type: "button", class: `ann-button${verb === "approve" ? " is-primary" : ""}`, on: { click: () => run(verb) } }, label, " ", h("kbd", {}, key))))));
  return {
    element,
    get isOpen() { return !element.hidden; },
    /** @param {import("./judging.js").FoundObject | null} object */
    show(object) {
      element.hidden = object === null;
      if (object === null) return;
      const url = `${object.crop}&size=768`;
      if (crop.getAttribute("src") !== url) {
        if (crop.getAttribute("src")?.split("?")[0] !== object.crop.split("?")[0]) crop.classList.add("is-coming");
        crop.src = url;
      }
      const overview = `${API}/images/${object.image}/overview?object=${object.id}&revision=${object.revision}`;
      if (whole.getAttribute("src") !== overview) whole.src = overview;
      setText(title, `${nameOf(object.category)}${object.review === "unreviewed" ? "" : ` · ${object.review}`}`);
      setText(facts, [object.image_name, `object ${object.id}`, `${object.bbox[2]} × ${object.bbox[3]} px`, percent(object.score), `by ${object.author}`].filter(Boolean).join(" · "));
      setText(note, object.note === "" ? "" : `“${object.note}”`);
    },
  };
}
