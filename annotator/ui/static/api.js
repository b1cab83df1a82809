/** Client of the HTTP API (docs/api.md). Every failure is an ApiError with a sentence for people. */

import { API } from "./base.js";

/** What went wrong with a request. `status` 0: the server can't be reached. */
export class ApiError extends Error {
  /** @param {{status: number, code: string, message: string, field?: string | null, retryAfter?: number | null}} parts */
  constructor({ status, code, message, field, retryAfter }) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.field = field ?? null;
    this.retryAfter = retryAfter ?? null;
  }

  /** Whether the same request may succeed later without anybody changing anything. */
  get passing() {
    return [0, 401, 429, 502, 503, 504].includes(this.status) && !this.final;
  }

  /** Whether nothing that this page sends can succeed any more: the throw-away session that it belongs to is over. */
  get final() {
    return this.code === "session_ended";
  }
}

const UNREACHABLE = "The server can’t be reached. What you do is kept in this browser and sent when it is back.";

/**
 * @typedef {{get: (path: string) => Promise<any>,
 *   send: (method: string, path: string, body: unknown, options?: {timeout?: number}) => Promise<any>,
 *   upload: (path: string, file: File, onProgress: (part: number) => void) => Promise<any>}} Api
 */

/**
 * @param {{base?: string, client: string, me?: {name: string, accounts: boolean, demo?: object} | null, heard?: (error: ApiError | null) => void,
 *   fetch?: typeof fetch}} options  me: whose page this is, where people sign in or come and go; heard: told of every reply
 * @returns {Api}
 */
export function createApi({ base = API, client, me = null, heard = () => undefined, fetch: request = (...args) => fetch(...args) }) {
  const own = { "X-Annotator-Client": client, ...(me?.accounts || me?.demo !== undefined ? { "X-Annotator-Person": encodeURIComponent(me.name) } : {}) };

  /** @param {string} path @param {RequestInit} init @param {number} [timeout] in milliseconds */
  async function call(path, init, timeout) {
    let response;
    try {
      response = await request(base + path, { ...init, signal: timeout === undefined ? null : AbortSignal.timeout(timeout) });
    } catch {
      throw new ApiError({ status: 0, code: "unreachable", message: UNREACHABLE });
    }
    if (!response.ok) {
      const error = await failure(response);
      heard(error);
      throw error;
    }
    heard(null);
    if (response.status === 204) return null;
    try {
      return await response.json();
    } catch {
      // The connection broke within the reply.
      throw new ApiError({ status: 0, code: "unreachable", message: UNREACHABLE });
    }
  }
  return {
    get: (path) => call(path, { headers: own }, 20_000),
    send: (method, path, body, { timeout } = {}) => call(path, {
      method,
      headers: { "Content-Type": "application/json", ...own },
      body: JSON.stringify(body),
    }, timeout),
    upload: (path, file, onProgress) => upload(base + path, file, own, onProgress),
  };
}

/**
 * Ask, and ask again as long as the server is busy and says when to come back.
 * @template T @param {() => Promise<T>} ask @param {() => boolean} wanted whether anybody still waits for it @returns {Promise<T>}
 */
export async function patiently(ask, wanted) {
  for (;;) {
    try {
      return await ask();
    } catch (/** @type {any} */ error) {
      if (error.retryAfter == null || !wanted()) throw error;
      await new Promise((resolve) => setTimeout(resolve, error.retryAfter * 1000));
      if (!wanted()) throw error;
    }
  }
}

/**
 * The error of a reply; one without the server's own shape (a proxy's page) gets a sentence too.
 * @param {{status: number, headers: {get(name: string): string | null}, json(): Promise<any>}} response
 */
async function failure(response) {
  const retryAfter = Number(response.headers.get("Retry-After") ?? Number.NaN);
  const parts = { status: response.status, retryAfter: Number.isFinite(retryAfter) ? retryAfter : null };
  try {
    const { error } = await response.json();
    return new ApiError({ ...parts, code: error.code, message: error.message, field: error.field });
  } catch {
    return new ApiError({ ...parts, code: "error", message: `The server answered with status ${response.status}.` });
  }
}

/**
 * Upload a file. `fetch` can't tell how far an upload is, XMLHttpRequest can.
 * @param {string} url @param {File} file @param {{[name: string]: string}} own @param {(part: number) => void} onProgress
 * @returns {Promise<any>}
 */
function upload(url, file, own, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    for (const [name, value] of Object.entries(own)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("error", () => {
      const message = `“${file.name}” was not uploaded: the server can’t be reached. Add it again when it is back.`;
      reject(new ApiError({ status: 0, code: "unreachable", message }));
    });
    request.addEventListener("load", async () => {
      const headers = { get: (/** @type {string} */ name) => request.getResponseHeader(name) };
      const json = async () => JSON.parse(request.responseText);
      if (request.status >= 200 && request.status < 300) resolve(await json());
      else reject(await failure({ status: request.status, headers, json }));
    });
    const form = new FormData();
    form.append("file", file, file.name);
    request.send(form);
  });
}
