/** Addresses of places: `#image=…&object=…` anywhere in the page leads to an image on the Annotate tab, and to an object on it. */

import { imageInHash, objectInHash } from "./images.js";
import { merge } from "./store.js";

/** Bring the Annotate tab to the front; Gradio has no other way than its button. */
function showAnnotate() {
  const tab = [...document.querySelectorAll("#ann-tabs [role=tab]")].find((one) => one.textContent?.trim() === "Annotate");
  if (tab instanceof HTMLElement && tab.getAttribute("aria-selected") !== "true") tab.click();
}

/**
 * @param {{store: import("./store.js").Store, images: any, look: (bbox: number[]) => void}} options look: bring a part of the image into sight
 */
export function createLinks({ store, images, look }) {
  /** @type {{image: string, object: number} | null} */
  let wanted = null;

  function arrive() {
    const { image, objects, painted } = store.get();
    if (wanted === null || image?.id !== wanted.image || !painted) return;
    const object = objects.find((one) => one.id === wanted?.object);
    wanted = null;
    if (object === undefined) return;
    store.update(merge, { selected: object.id });
    requestAnimationFrame(() => requestAnimationFrame(() => look(object.bbox))); // the tab has its size by then
  }

  function follow() {
    const image = imageInHash(location.hash);
    if (image === null) return;
    const object = objectInHash(location.hash);
    wanted = object === null ? null : { image, object };
    if (image !== store.get().image?.id) void images.open(image);
    arrive();
  }

  store.watch((state) => [state.image?.id, state.painted, state.objects], arrive);
  window.addEventListener("hashchange", () => { showAnnotate(); follow(); });
  const object = objectInHash(location.hash);
  const image = imageInHash(location.hash);
  if (image !== null && object !== null) wanted = { image, object };
}
