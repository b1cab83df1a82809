/**
 * Pictures ready to be painted. A bitmap is decoded off the page's thread, and painted at once however large it is; an element
 * that says it is decoded still costs the page 100 ms and more when it is first painted on a canvas.
 */

/** @type {Map<string, {stop: AbortController, bitmap: Promise<ImageBitmap>}>} by URL */
const ahead = new Map();

/** @param {string} url @param {AbortSignal | null} signal */
async function load(url, signal) {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`The server answered with status ${response.status}.`);
  return createImageBitmap(await response.blob());
}

/** A picture; whoever takes it is the one who keeps it. @param {string} url @returns {Promise<ImageBitmap>} */
export function takePicture(url) {
  const ready = ahead.get(url)?.bitmap ?? load(url, null);
  ahead.delete(url);
  return ready;
}

/** Have a picture ready; resolves when it is, or can't be had. @param {string} url */
export async function fetchPicture(url) {
  let entry = ahead.get(url);
  if (entry === undefined) {
    const stop = new AbortController();
    entry = { stop, bitmap: load(url, stop.signal) };
    ahead.set(url, entry);
  }
  try {
    await entry.bitmap;
  } catch {
    if (ahead.get(url) === entry) ahead.delete(url); // whoever opens it tries again, and is told
  }
}

/** Let go of all pictures but these; transfers of others end. @param {string[]} urls */
export function keepPictures(urls) {
  for (const [url, { stop, bitmap }] of ahead) {
    if (urls.includes(url)) continue;
    ahead.delete(url);
    stop.abort();
    bitmap.then((unused) => unused.close(), () => undefined);
  }
}
