/** Who is at this page, and what it does when they are signed out: what was done is kept in the browser until they are back. */

import { API, ROOT } from "./base.js";
import { sayEnded } from "./demo.js";
import { h } from "./dom.js";

/**
 * @typedef {{name: string, role: "viewer" | "annotator" | "curator" | "admin", accounts: boolean, project: string, since: string,
 *   demo?: {minutes: number, objects: number}}} Person  demo: the limits of a visitor's throw-away session */

/** @type {Promise<Person | null> | null} */
let asked = null;

/** The person as the server knows them; null when it can't be reached. Asked once a page. @returns {Promise<Person | null>} */
export function whoAmI() {
  asked ??= fetch(`${API}/me`).then((reply) => (reply.ok ? reply.json() : null)).catch(() => null);
  return asked;
}

const LOOKERS = "Your account is for looking: nothing you do here is saved. Ask whoever gives out accounts for another role.";
/** What a viewer is told who tries to change something. @param {Person | null} me @returns {string | null} */
export const refusalOf = (me) => me?.role === "viewer" ? LOOKERS : null;

/** @type {HTMLElement | null} */
let bar = null;

/**
 * What a reply says about being signed in: a bar asks for it, and goes when somebody has done it in another tab.
 * @param {{status: number, code: string, message: string} | null} error null: the request was answered
 */
export function heard(error) {
  if (error?.code === "session_ended") { sayEnded(); return; }
  if (error === null || error.status !== 401) {
    if (error === null && bar !== null) { bar.remove(); bar = null; }
    return;
  }
  if (bar !== null && bar.dataset["code"] === error.code) return;
  const other = error.code === "other_person";
  const text = other ? `${error.message} Nothing of yours is lost: it is saved when you sign in again.` : "You are signed out. What you do is kept in this browser and saved when you are back.";
  const back = location.pathname.slice(ROOT.length) + location.search + location.hash;
  const link = h("a", { class: "ann-button is-primary", href: other ? location.href : `${ROOT}/login?next=${encodeURIComponent(back)}`, "data-testid": "sign-in" }, other ? "Go on as they" : "Sign in");
  if (other) link.addEventListener("click", (event) => { event.preventDefault(); location.reload(); });
  bar?.remove();
  bar = h("div", { class: "ann-signed-out", role: "alert", "data-testid": "signed-out", "data-code": error.code }, h("span", {}, text), link);
  document.body.append(bar);
}
