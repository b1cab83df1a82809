/** The Quality tab: the rules with what they found, how strict they are, and mending it. `mount` is what Gradio's component calls. */

import { createApi } from "../api.js";
import { h, setText } from "../dom.js";
import { freshId } from "../drafting.js";
import { takesText } from "../keyboard.js";
import { heard, whoAmI } from "../person.js";
import { everything } from "../review/filter.js";
import { findingRow, FIXES } from "./findings.js";
import { rulePanel } from "./ruleList.js";
import { settingsOf, strictness } from "./strictness.js";

/**
 * @typedef {{name: string, title: string, unit: string, value: number, default: number, minimum: number, maximum: number}} Threshold
 * @typedef {{name: string, title: string, help: string, severity: "error" | "warning" | "info", on: boolean, count: number, thresholds: Threshold[]}} Rule
 * @typedef {{id: number, rule: string, image: string | null, image_name: string | null, annotation: number | null, message: string,
 *   fix: string | null, stale: boolean, picture: string | null}} Finding
 */

const PAGE = 100;
const LOOK_MS = 400;
const MOST_FIXED = 1000;

/**
 * @param {HTMLElement} element an empty place that fills the window below the header
 */
export async function mount(element) {
  if (element.dataset["mounted"] !== undefined) return;
  element.dataset["mounted"] = "";
  element.classList.add("ann-root");
  const api = createApi({ client: freshId(), me: await whoAmI(), heard });
  /** @type {any} */
  let project = null;
  /** @type {{rules: Rule[], checking: {state: string, done: number, total: number, message: string}, checked: string | null} | null} */
  let quality = null;
  /** @type {string | null} */
  let chosen = null;
  /** @type {Finding[]} */
  let findings = [];
  let focus = 0;
  let asked = 0;

  const path = (/** @type {string} */ rest) => `/projects/${encodeURIComponent(project.id)}/quality${rest}`;
  const rule = () => quality?.rules.find((one) => one.name === chosen) ?? null;

  const panel = rulePanel({ check: () => void check(), choose: (name) => void choose(name) });
  const title = h("h2");
  const help = h("p", { class: "qual-help" });
  const strict = strictness({ keep: (thresholds) => void keep(thresholds) });
  const fixAll = h("button", { type: "button", class: "ann-button", "data-testid": "fix-all", on: { click: () => void mendAll() } });
  const inReview = h("button", { type: "button", class: "ann-button", "data-testid": "in-review", on: { click: showInReview } }, "Show in Review");
  const list = h("div", { class: "qual-list", role: "list", "aria-label": "Findings", tabIndex: 0, "data-testid": "findings" });
  const more = h("button", { type: "button", class: "ann-button", on: { click: () => void load(findings.length) } }, "Show more");
  const told = h("span", { class: "rev-told", role: "status", "data-testid": "quality-told" });
  const nothing = h("div", { class: "qual-nothing" });
  element.replaceChildren(h("div", { class: "rev-app" }, panel.element, h("main", { class: "rev-main" },
    h("div", { class: "qual-head" }, h("div", { class: "qual-title" }, title, help), strict.element, h("div", { class: "qual-verbs" }, fixAll, inReview, told)),
    h("div", { class: "qual-area" }, list, more, nothing))));

  function show() {
    if (quality === null) return;
    panel.show(quality, chosen);
    const one = rule();
    title.hidden = help.hidden = strict.element.hidden = one === null;
    setText(title, one?.title ?? "");
    setText(help, one?.help ?? "");
    strict.show(one);
    const fixable = findings.filter((finding) => finding.fix !== null).length;
    fixAll.hidden = fixable === 0;
    setText(fixAll, `${FIXES[findings.find((finding) => finding.fix !== null)?.fix ?? ""] ?? "Mend"}: all`);
    inReview.hidden = !findings.some((finding) => finding.annotation !== null);
    more.hidden = one === null || findings.length >= one.count;
    nothing.hidden = findings.length > 0;
    setText(nothing, quality.checking.state === "running" ? "Checking…" : quality.checked === null ? "The rules have not been run yet. Press “Check”." : one === null ? "Nothing was found. Well done." : "This rule found nothing.");
  }

  function draw() {
    list.replaceChildren(...findings.map((finding, index) => findingRow(finding, { fix: (id) => void mend([id]), focused: index === focus })));
    show();
  }

  /** @param {number} offset */
  async function load(offset) {
    const mine = ++asked;
    if (chosen === null) {
      findings = [];
    } else {
      const reply = await api.get(path(`/findings/${chosen}?limit=${PAGE}&offset=${offset}`));
      if (mine !== asked) return;
      findings = offset === 0 ? reply.items : [...findings, ...reply.items];
    }
    focus = Math.min(focus, Math.max(0, findings.length - 1));
    draw();
  }

  /** @param {string | null} name */
  async function choose(name) {
    chosen = name;
    focus = 0;
    setText(told, "");
    await load(0).catch(failed);
  }

  /** What is known now; while a run goes on, again soon. */
  async function refresh() {
    try {
      if (project === null) project = (await api.get("/projects")).items[0];
      quality = await api.get(path(""));
      await follow();
      chosen ??= quality?.rules.find((one) => one.count > 0)?.name ?? null;
      await load(0);
    } catch (error) {
      failed(error);
    }
  }

  async function follow() {
    while (quality?.checking.state === "running") {
      show();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      quality = await api.get(path(""));
    }
    if (quality?.checking.state === "failed") setText(told, quality.checking.message);
  }

  async function check() {
    try {
      quality = await api.send("POST", path("/check"), {});
      chosen = null;
      findings = [];
      draw();
    } catch (error) {
      failed(error);
    }
    await refresh();
  }

  /** @param {{[rule: string]: {[name: string]: number | boolean}}} changed */
  async function keep(changed) {
    if (quality === null) return;
    try {
      quality = await api.send("PUT", path("/thresholds"), { thresholds: { ...settingsOf(quality.rules), ...changed } });
      setText(told, "Kept with the project. Check again to see what it changes.");
      show();
    } catch (error) {
      failed(error);
    }
  }

  /** @param {number[]} ids */
  async function mend(ids) {
    const before = findings;
    findings = findings.filter((finding) => !ids.includes(finding.id)); // shown first, asked after
    focus = Math.min(focus, Math.max(0, findings.length - 1));
    draw();
    try {
      const reply = await api.send("POST", path("/fix"), { findings: ids }, { timeout: 120_000 });
      const refused = new Map(reply.refused.map((/** @type {any} */ one) => [one.id, one.message]));
      if (refused.size > 0) findings = before.filter((finding) => findings.includes(finding) || refused.has(finding.id));
      if (quality !== null) quality = { ...quality, rules: quality.rules.map((one) => ({ ...one, count: reply.rules[one.name] ?? 0 })) };
      const left = refused.size === 0 ? "" : ` ${refused.size} left: ${[...refused.values()][0]}`;
      setText(told, `${reply.fixed.length} mended; undo it on the image.${left}`);
      if (findings.length < Math.min(PAGE, rule()?.count ?? 0)) await load(0);
      else draw();
    } catch (error) {
      findings = before;
      draw();
      failed(error);
    }
  }

  async function mendAll() {
    const one = rule();
    if (one === null) return;
    /** @type {number[]} */
    const ids = [];
    for (let offset = 0; offset < one.count && ids.length < MOST_FIXED; offset += MOST_FIXED) {
      const { items } = await api.get(path(`/findings/${one.name}?limit=${MOST_FIXED}&offset=${offset}`));
      ids.push(...items.filter((/** @type {Finding} */ finding) => finding.fix !== null && !finding.stale).map((/** @type {Finding} */ finding) => finding.id));
    }
    const wanted = ids.slice(0, MOST_FIXED);
    if (wanted.length === 0) return void setText(told, "Everything here was changed since the check; check again.");
    const question = `${fixAll.textContent?.split(":")[0]}: ${wanted.length.toLocaleString("en")} ${wanted.length === 1 ? "finding" : "findings"}? Each image can be undone.`;
    if (window.confirm(question)) await mend(wanted);
  }

  function showInReview() {
    if (chosen === null) return;
    localStorage.setItem(`annotator:review:${project.id}`, JSON.stringify({ ...everything(), rule: [chosen] }));
    window.dispatchEvent(new Event("annotator:review-filter"));
    const tab = [...document.querySelectorAll("#ann-tabs [role=tab]")].find((one) => one.textContent?.trim() === "Review");
    if (tab instanceof HTMLElement) tab.click();
  }

  /** @param {any} error */
  function failed(error) {
    setText(told, error.message);
  }

  window.addEventListener("keydown", (event) => {
    if (!element.checkVisibility() || takesText(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const here = findings[focus];
    if (step !== 0 && findings.length > 0) {
      focus = Math.min(findings.length - 1, Math.max(0, focus + step));
      draw();
      list.children[focus]?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && here !== undefined && !(event.target instanceof Element && event.target.closest("button, a") !== null)) {
      const link = list.children[focus]?.querySelector("a");
      if (link instanceof HTMLAnchorElement) link.click();
    } else if (event.key.toLowerCase() === "f" && here !== undefined && here.fix !== null) {
      void mend([here.id]);
    } else return;
    event.preventDefault();
  });

  let seen = false;
  new IntersectionObserver(([entry]) => {
    const now = entry?.isIntersecting === true;
    if (now && !seen) void refresh();
    seen = now;
  }).observe(element);
}
