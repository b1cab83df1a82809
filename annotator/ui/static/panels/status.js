/** The line at the bottom: the model, whether clicks are fast yet, how fast the last one was, what is saved. */

import { button, h, icon, setText } from "../dom.js";
import { modelOf } from "../models.js";
import { setView } from "../store.js";
import { previews } from "../hover.js";
import { figures } from "./figures.js";
import { modelMenu } from "./modelMenu.js";

/** The server's time of day, as people here read it. @param {string} time ISO 8601 */
export function clock(time) {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : date.toLocaleTimeString("en-GB", { hour12: false });
}

/** @param {import("../store.js").State["saving"]} saving */
export function savingText({ phase, pending, saved }) {
  if (phase === "offline") return `Not saved yet: ${pending} ${pending === 1 ? "change" : "changes"}, trying again…`;
  if (phase === "saving") return "Saving…";
  return saved === null ? "" : `Saved ${clock(saved)}`;
}

const EMBEDDING = { none: "", preparing: "Preparing this image…", ready: "Ready", failed: "Not ready" };

/**
 * Whether clicks are answered at once, and if not, what is being waited for.
 * @param {import("../store.js").State} state
 * @returns {{state: string, text: string}}
 */
export function readiness(state) {
  if (state.saving.phase === "offline") return { state: "failed", text: "Server away" };
  if (state.held !== null) return state.held.away ? { state: "failed", text: "Server away: asking again…" } : { state: "preparing", text: "Server busy: asking again…" };
  if (state.draft?.closer === "asked" && state.embedding === "ready") return { state: "preparing", text: "Looking closer…" };
  if (state.loadingModel !== null) return { state: "preparing", text: `${modelOf(state)?.title ?? "Model"}: ${state.loadingModel}…` };
  if (state.embedding === "preparing" && state.waiting !== null) return { state: "preparing", text: waitingText(state.waiting) };
  return { state: state.embedding, text: state.trouble?.message ?? EMBEDDING[state.embedding] };
}

/** @param {{queued: boolean, ahead: number}} waiting */
const waitingText = ({ queued, ahead }) => queued ? (ahead === 0 ? "Queued…" : `Queued behind ${ahead}…`) : "Encoding this image…";

/** @param {{store: import("../store.js").Store, help: () => void, models: Parameters<typeof modelMenu>[0]["verbs"], leave: () => void}} options */
export function statusBar({ store, help, models, leave }) {
  const model = modelMenu({ store, verbs: models, leave }).element;
  const embedding = h("span", { class: "ann-status-embedding", role: "status", "data-testid": "status-embedding" }, h("i", { class: "ann-dot" }), h("span", { class: "ann-embedding-text" }), h("i", { class: "ann-expected", "aria-hidden": "true", hidden: true }));
  const again = h("button", { type: "button", class: "ann-status-retry", "data-testid": "embed-retry", hidden: true, on: { click: () => store.get().trouble?.retry() } }, "Try again");
  const latency = figures({ store }).element;
  const saved = h("span", { class: "ann-status-saved", role: "status", "aria-live": "polite", "data-testid": "saved" });
  store.watch((state) => [state.embedding, state.loadingModel, state.saving.phase, state.models, state.draft?.closer, state.waiting, state.trouble, state.held], (state) => {
    const ready = readiness(state);
    embedding.dataset["state"] = ready.state;
    embedding.title = state.trouble?.message ?? state.held?.message ?? "";
    again.hidden = state.trouble === null || ready.state !== "failed";
    const [, text, expected] = embedding.children;
    if (text !== undefined) setText(text, ready.text);
    if (!(expected instanceof HTMLElement)) return;
    // As long as the last image took: an honest guess is better than none.
    expected.hidden = ready.state !== "preparing" || state.encodeMs === null || state.loadingModel !== null || state.held !== null || state.embedding === "ready" || state.waiting?.queued === true;
    expected.style.setProperty("--expected", `${Math.round(state.encodeMs ?? 0)}ms`);
  });
  store.watch((state) => [state.saving], ({ saving }) => {
    setText(saved, savingText(saving));
    saved.dataset["phase"] = saving.phase;
    saved.title = saving.message ?? "";
  });
  return {
    element: h("footer", { class: "ann-status" }, model, embedding, again, h("span", { class: "ann-bar-line", "aria-hidden": "true" }),
      latency, saved, button({ title: "Shortcuts", action: "help", icon: "help", testid: "help", click: help })),
  };
}

/** Switches of the view: name, label, the action that does the same, what it does. */
const SWITCHES = /** @type {const} */ ([
  ["overlays", "Masks", "toggleMasks", "Show or hide all masks"],
  ["outline", "Outlines", "toggleOutline", "Show or hide outlines"],
  ["showPrompts", "Prompts", "togglePrompts", "Show or hide the draft’s points and box"],
  ["crosshair", "Crosshair", "crosshair", "Lines through the pointer, for placing boxes"],
  ["isolate", "Isolate", "isolate", "Hide all objects but the selected one"],
  ["local", "Refine locally", "toggleLocal", "While you refine an object, a click changes only the region it touches"],
  ["detail", "Look closer", "toggleDetail", "Small objects get a second look at full resolution, from the second click or a box on"],
  ["quick", "Quick mode", "quick", "The next click accepts the draft and begins another object"],
  ["noOverlap", "No overlap", "noOverlap", "Accepted masks leave to other objects what is theirs"],
]);

/** How masks are drawn and what clicks do. @param {{store: import("../store.js").Store, setLocal: (local: boolean) => void}} options */
export function viewSettings({ store, setLocal }) {
  const opacity = h("input", {
    type: "range", min: "0", max: "1", step: "0.05", "aria-label": "Opacity of masks", "data-testid": "opacity",
    on: { input: () => store.update(setView, { opacity: Number(opacity.value) }) },
  });
  const value = h("span", { class: "ann-count" });
  const outlineWidth = h("input", {
    type: "range", min: "0.5", max: "3", step: "0.5", "aria-label": "Width of outlines", "data-testid": "outline-width",
    on: { input: () => store.update(setView, { outlineWidth: Number(outlineWidth.value) }) },
  });
  const width = h("span", { class: "ann-count" });
  /** @param {string} name @param {string} label @param {string | null} action @param {string} title @param {(on: boolean) => void} change */
  const toggle = (name, label, action, title, change) => {
    const box = h("input", { type: "checkbox", "data-testid": `view-${name}`, on: { change: () => change(box.checked) } });
    return { box, element: h("label", { class: "ann-switch", title, "data-action": action, "data-title": title }, box, h("span", {}, label), action === null ? null : h("kbd", { "aria-hidden": "true", "data-action": action })) };
  };
  const switches = SWITCHES.map(([name, label, action, title]) => ({
    name, ...toggle(name, label, action, title, (on) => {
      store.update(setView, { [name]: on });
      if (name === "local") setLocal(on);
    }),
  }));
  const hover = toggle("hover", "Preview", "toggleHover", "Show the mask that a click would give", (on) => store.update(setView, { hover: on ? "on" : "off" }));
  store.watch((state) => [state.view.hover, state.statistics.decodes], (state) => { hover.box.checked = previews(state); });
  store.watch((state) => [state.view], ({ view }) => {
    opacity.value = String(view.opacity);
    setText(value, `${Math.round(view.opacity * 100)} %`);
    outlineWidth.value = String(view.outlineWidth);
    setText(width, `${view.outlineWidth} ×`);
    for (const { name, box } of switches) box.checked = view[name];
  });
  return {
    element: h("section", { class: "ann-panel ann-view", "aria-label": "View" },
      h("header", { class: "ann-panel-head" }, h("h2", {}, "View")),
      h("div", { class: "ann-view-body" }, h("label", { class: "ann-slider" }, h("span", {}, "Opacity"), opacity, value), h("label", { class: "ann-slider" }, h("span", {}, "Outline"), outlineWidth, width),
        h("div", { class: "ann-switches" }, hover.element, switches.map((one) => one.element)))),
  };
}

/** Messages that do not block; what can be tried again says so. @param {{store: import("../store.js").Store, close: (id: number) => void}} options */
export function toasts({ store, close }) {
  const element = h("div", { class: "ann-toasts", role: "log", "aria-live": "polite", "aria-label": "Messages" });
  /** @type {Map<number, HTMLElement>} */
  const shown = new Map();
  store.watch((state) => [state.toasts], (state) => {
    for (const [id, toast] of shown) if (!state.toasts.some((other) => other.id === id)) { toast.remove(); shown.delete(id); }
    for (const { id, kind, text, retry } of state.toasts) {
      if (shown.has(id)) continue;
      const again = retry === null ? null : h("button", { type: "button", class: "ann-button", on: { click: () => { close(id); retry(); } } }, "Retry");
      const toast = h("div", { class: `ann-toast is-${kind}`, "data-testid": "toast", role: kind === "error" ? "alert" : null },
        kind === "error" ? icon("warning") : null, h("span", {}, text), again, button({ title: "Close", icon: "close", click: () => close(id) }));
      shown.set(id, toast);
      element.append(toast);
    }
  });
  return { element };
}
