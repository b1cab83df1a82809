/** Where the server is in the address: at the root, or under a path that a proxy gives it. */

/** Without a slash at its end; this module is at `…/annotator/static/base.js`. */
export const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

export const API = `${ROOT}/api/v1`;
