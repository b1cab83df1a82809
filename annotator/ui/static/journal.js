/** Which journal of unsaved writes is this page's, and what to do with those that pages left behind. */

const PREFIX = "annotator:journal:";
const TAB = "annotator:tab";
/** Without locks (a page that is not served securely) a journal this old belongs to nobody any more. */
const ABANDONED_MS = 30_000;

/** @param {string} name @returns {Promise<boolean>} whether this page owns the name now, until it is closed */
function lock(name) {
  if (navigator.locks === undefined) return Promise.resolve(true);
  return new Promise((resolve) => {
    void navigator.locks.request(name, { ifAvailable: true }, (held) => {
      resolve(held !== null);
      return held === null ? undefined : new Promise(() => undefined);
    });
  });
}

/**
 * Where a person's journals of a project are: what one has done must not be sent as another's, nor to another project
 * that is served at the same address.
 * @param {import("./person.js").Person | null} me
 */
function prefixOf(me) {
  const parts = [me?.project ?? "", me?.since ?? "", me?.accounts === true ? me.name : ""];
  return `${PREFIX}${parts.map(encodeURIComponent).join("/")}:`;
}

/**
 * The key of this page's journal. A reload keeps it; a duplicated tab gets one of its own.
 * @param {import("./person.js").Person | null} me whose page it is
 * @returns {Promise<string>}
 */
export async function claimTab(me) {
  const prefix = prefixOf(me);
  const before = sessionStorage.getItem(TAB);
  const known = before ?? crypto.getRandomValues(new Uint32Array(2)).join("-");
  const own = await lock(prefix + known) ? known : crypto.getRandomValues(new Uint32Array(2)).join("-");
  if (own !== known) await lock(prefix + own);
  sessionStorage.setItem(TAB, own);
  return prefix + own;
}

/**
 * Hand over what was not saved: by this page before its reload, and by pages that are gone.
 * @param {string} own @param {(left: {writes: import("./writes.js").Write[], truth: import("./writes.js").Truth}) => void} replay
 */
export function adoptJournals(own, replay) {
  const prefix = own.slice(0, own.lastIndexOf(":") + 1);
  const names = Object.keys(localStorage).filter((name) => name.startsWith(prefix));
  for (const name of names) {
    const text = localStorage.getItem(name);
    if (text === null) continue;
    const left = JSON.parse(text);
    if (name === own) {
      replay(left);
    } else if (navigator.locks === undefined) {
      if (Date.now() - left.at > ABANDONED_MS) { localStorage.removeItem(name); replay(left); }
    } else {
      void lock(name).then((gone) => {
        if (!gone) return;
        localStorage.removeItem(name);
        replay(left);
      });
    }
  }
}
