/** Stand-ins for what the page talks to: a clock that tests turn by hand, storage, and a server that keeps its rules. */

import { ApiError } from "../../../annotator/ui/static/api.js";

/** Let promises that are ready run. */
export const settle = async () => { for (let i = 0; i < 20; i++) await Promise.resolve(); };

export function handClock() {
  const waiting = [];
  return {
    later: (run, ms) => { waiting.push({ run, ms }); },
    waits: () => waiting.map((entry) => entry.ms),
    async tick() {
      for (const { run } of waiting.splice(0)) run();
      await settle();
    },
  };
}

export function memory(entries = new Map()) {
  return {
    entries,
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => { entries.set(key, value); },
    removeItem: (key) => { entries.delete(key); },
  };
}

export const unreachable = () => new ApiError({ status: 0, code: "unreachable", message: "away" });
export const conflict = (message = "changed in another tab") => new ApiError({ status: 409, code: "conflict", message });

/** Drafts and annotations with revisions, as docs/api.md has them; `down` makes it unreachable, `deaf` loses its replies. */
export class FakeServer {
  down = false;
  deaf = false;
  draft = null;
  annotations = new Map();
  log = [];
  next = 1;

  async send({ method, path, body }) {
    await Promise.resolve();
    if (this.down) throw unreachable();
    const reply = this.answer(method, path, body);
    this.log.push(`${method} ${path}`);
    if (this.deaf) throw unreachable();
    return reply;
  }

  answer(method, path, body) {
    if (path.endsWith("/draft")) return method === "PUT" ? this.put(body) : this.drop(body);
    if (method === "POST") return this.accept(body);
    const id = Number(path.split("/").at(-1));
    const annotation = this.annotations.get(id);
    if (annotation === undefined) throw new ApiError({ status: 404, code: "not_found", message: "gone" });
    if (annotation.revision !== body.revision) throw conflict();
    if (method === "DELETE") { this.annotations.delete(id); return { saved: "t" }; }
    Object.assign(annotation, body, { revision: annotation.revision + 1 });
    return { annotation: { ...annotation }, saved: "t" };
  }

  put({ revision, ...content }) {
    const before = this.draft;
    if (before !== null && JSON.stringify(before.content) === JSON.stringify(content)) return { draft: { revision: before.revision } };
    if ((before?.revision ?? null) !== revision) throw conflict();
    this.draft = { content, revision: (before?.revision ?? 0) + 1 };
    return { draft: { revision: this.draft.revision }, saved: "t" };
  }

  drop({ revision }) {
    if (this.draft !== null && this.draft.revision !== revision) throw conflict();
    this.draft = null;
    return { saved: "t" };
  }

  accept({ draft, category }) {
    const done = [...this.annotations.values()].find((annotation) => annotation.draft === draft);
    if (done !== undefined) return { annotation: { ...done } };
    if (this.draft?.content.id !== draft) throw conflict("This draft is not there any more.");
    this.draft = null;
    const annotation = { id: this.next++, category, draft, revision: 1 };
    this.annotations.set(annotation.id, annotation);
    return { annotation: { ...annotation }, saved: "t" };
  }
}
