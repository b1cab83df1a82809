/** How strict a rule is: a switch and its numbers, kept with the project. */

import { h } from "../dom.js";

/** @typedef {import("./quality.js").Rule} Rule */

/** The settings of rules as the server reads them. @param {readonly Rule[]} rules */
export const settingsOf = (rules) => Object.fromEntries(rules.map((rule) => [rule.name, { on: rule.on, ...Object.fromEntries(rule.thresholds.map((one) => [one.name, one.value])) }]));

/** @param {{keep: (settings: {[rule: string]: {[name: string]: number | boolean}}) => void}} verbs */
export function strictness({ keep }) {
  const form = h("form", { class: "qual-strict", "data-testid": "strictness" });
  let shown = "";
  return {
    element: form,
    /** @param {Rule | null} rule */
    show(rule) {
      const key = JSON.stringify(rule === null ? null : settingsOf([rule]));
      if (key === shown || rule === null) return;
      shown = key;
      const on = h("input", { type: "checkbox", checked: rule.on, "data-testid": "rule-on" });
      const numbers = rule.thresholds.map((one) => ({ one, input: h("input", { type: "number", class: "ann-field", step: "any", min: String(one.minimum), max: String(one.maximum), value: String(one.value), required: true, "aria-label": `${one.title}, ${one.unit}`, "data-field": one.name }) }));
      const save = h("button", { type: "submit", class: "ann-button", "data-testid": "keep" }, "Keep with the project");
      const reset = h("button", { type: "button", class: "ann-button", on: { click: () => keep({ [rule.name]: { on: true, ...Object.fromEntries(rule.thresholds.map((one) => [one.name, one.default])) } }) } }, "Default");
      form.onsubmit = (event) => {
        event.preventDefault();
        keep({ [rule.name]: { on: on.checked, ...Object.fromEntries(numbers.map(({ one, input }) => [one.name, Number(input.value)])) } });
      };
      form.replaceChildren(h("label", { class: "rev-choice" }, on, h("span", {}, "On")),
        ...numbers.map(({ one, input }) => h("label", { class: "qual-number" }, h("span", {}, one.title), input, h("span", { class: "ann-count" }, one.unit))), save, reset);
    },
  };
}
