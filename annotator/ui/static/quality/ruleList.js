/** The panel at the left: running the rules, and how much each has found. */

import { h, setText } from "../dom.js";

const SEVERITIES = { error: "Errors", warning: "Warnings", info: "Notes" };

/** @param {{check: () => void, choose: (name: string) => void}} verbs */
export function rulePanel({ check, choose }) {
  const start = h("button", { type: "button", class: "ann-button is-primary", "data-testid": "check", on: { click: check } }, "Check");
  const bar = h("progress", { max: "1", "aria-label": "Checking", hidden: true });
  const when = h("p", { class: "qual-when" });
  const rules = h("div", { class: "qual-rules" });
  const element = h("aside", { class: "rev-filters", "aria-label": "Quality rules" }, h("header", {}, h("h2", {}, "Quality"), start), bar, when, rules);
  return {
    element,
    /** @param {{rules: import("./quality.js").Rule[], checking: {state: string, done: number, total: number}, checked: string | null}} quality @param {string | null} chosen */
    show({ rules: all, checking, checked }, chosen) {
      const running = checking.state === "running";
      start.disabled = running;
      bar.hidden = !running;
      if (checking.total > 0) bar.value = checking.done / checking.total;
      else bar.removeAttribute("value");
      setText(when, running ? `${checking.done.toLocaleString("en")} of ${checking.total.toLocaleString("en")} images` : checked === null ? "" : `Checked ${new Date(checked).toLocaleString()}`);
      rules.replaceChildren(...Object.entries(SEVERITIES).flatMap(([severity, title]) => {
        const own = all.filter((one) => one.severity === severity);
        return [h("h3", {}, title), ...own.map((one) => h("button", {
          type: "button", class: `qual-rule${one.on ? "" : " is-off"}`, "data-testid": `rule-${one.name}`, "aria-pressed": String(one.name === chosen), title: one.help, on: { click: () => choose(one.name) },
        }, h("i", { class: "qual-mark", "data-severity": one.count > 0 ? severity : "none" }), h("span", {}, one.title), h("span", { class: "ann-count" }, one.on ? one.count.toLocaleString("en") : "off")))];
      }));
    },
  };
}
