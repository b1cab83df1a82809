/** The header: the mark, the project's name, and the switch between light and dark. */

import { ROOT } from "./base.js";
import { demoLine } from "./demo.js";
import { h, icon } from "./dom.js";
import { whoAmI } from "./person.js";
import { applyTheme, chosenTheme, isDark, setTheme } from "./theme.js";

/** @param {HTMLElement} element @param {{demoMinutes?: number}} [options] demoMinutes: this is a public demo, and how long sessions last */
export function mount(element, { demoMinutes } = {}) {
  const toggle = h("button", { type: "button", class: "ann-icon-button ann-theme", "data-testid": "theme" });
  const show = () => {
    const dark = isDark();
    const title = dark ? "Light theme" : "Dark theme";
    toggle.title = title;
    toggle.setAttribute("aria-label", title);
    toggle.replaceChildren(icon(dark ? "sun" : "moon"));
  };
  toggle.addEventListener("click", () => {
    setTheme(isDark() ? "light" : "dark");
    show();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (chosenTheme() === null) applyTheme();
    show();
  });
  const mark = icon("mark", 20);
  mark.setAttribute("class", "ann-mark");
  applyTheme();
  show();
  // Its place is kept, so that nothing moves when the name arrives.
  const account = h("a", { class: "ann-account", href: `${ROOT}/account`, title: "Your account: password, tokens, sign out", "data-testid": "account", hidden: true });
  if (demoMinutes !== undefined) document.body.dataset["demo"] = "";
  element.replaceChildren(h("div", { class: "ann-header" }, mark, h("strong", {}, "annotator"), demoMinutes === undefined ? null : demoLine(demoMinutes),
    h("span", { class: "ann-project", "data-annotator-project": "" }), account, toggle));
  void whoAmI().then((me) => {
    if (me?.accounts !== true) return;
    account.hidden = false;
    account.textContent = me.name;
    document.body.dataset["role"] = me.role;
  });
}
