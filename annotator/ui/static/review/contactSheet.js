/** A page to print or to show around: the pictures of what the filter leaves, with captions. */

import { h } from "../dom.js";
import { percent } from "./tiles.js";

export const MOST = 500;

/**
 * Open it in a window of its own.
 * @param {{title: string, about: string, items: readonly any[], total: number, nameOf: (category: number) => string}} sheet
 * @returns {boolean} whether the browser let it open
 */
export function openContactSheet({ title, about, items, total, nameOf }) {
  const page = window.open("", "_blank");
  if (page === null) return false;
  const left = total > items.length ? ` The first ${items.length} of ${total.toLocaleString("en")} are shown.` : "";
  page.document.title = title;
  page.document.head.append(h("link", { rel: "stylesheet", href: new URL("sheet.css", import.meta.url).href }));
  page.document.body.append(h("header", {}, h("h1", {}, title), h("p", {}, `${about}${left}`)), h("main", {}, items.map((item) => h("figure", {},
    h("img", { src: new URL(item.crop === undefined ? item.overview : `${item.crop}&size=256`, location.href).href, alt: "" }),
    h("figcaption", {}, h("b", {}, item.crop === undefined ? item.name : nameOf(item.category)),
      item.crop === undefined ? ` ${item.objects} objects` : ` ${percent(item.score)} ${item.review === "unreviewed" ? "" : item.review}`, h("br"), h("span", {}, item.note || item.image_name || ""))))));
  return true;
}
