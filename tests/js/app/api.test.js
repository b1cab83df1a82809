import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, createApi, patiently } from "../../../annotator/ui/static/api.js";
import { settle } from "./world.js";

const answering = (status, body, headers = {}) => {
  const calls = [];
  const api = createApi({ base: "/annotator/api/v1", client: "me", fetch: async (url, init) => { calls.push([url, init]); return new Response(body, { status, headers }); } });
  return { api, calls };
};

test("a request says who asks and sends JSON to the versioned path", async () => {
  const { api, calls } = answering(200, '{"ok": true}');
  assert.deepEqual(await api.send("PUT", "/images/a%2Fb/draft", { x: 1 }), { ok: true });
  const [url, init] = calls[0];
  assert.equal(url, "/annotator/api/v1/images/a%2Fb/draft");
  assert.equal(init.headers["X-Annotator-Client"], "me");
  assert.equal(init.body, '{"x":1}');
});

test("the server's sentence, code and field arrive; busy says when to come back", async () => {
  const { api } = answering(503, '{"error": {"code": "busy", "message": "Too much waits.", "field": null}}', { "Retry-After": "2" });
  await assert.rejects(api.get("/projects"), { status: 503, code: "busy", message: "Too much waits.", field: null, retryAfter: 2, passing: true });
});

test("a proxy's page instead of the server's reply is an error with a sentence", async () => {
  const { api } = answering(502, "<html>bad gateway</html>");
  await assert.rejects(api.get("/projects"), { status: 502, passing: true, message: "The server answered with status 502." });
});

test("input that the server refuses is not worth trying again", async () => {
  const { api } = answering(422, '{"error": {"code": "bad_prompt", "message": "point 2 is outside the image", "field": "points.2"}}');
  await assert.rejects(api.send("POST", "/x", {}), { passing: false, field: "points.2" });
});

test("no connection, and one that breaks within the reply, are both “can’t be reached”", async () => {
  const gone = createApi({ base: "/annotator/api/v1", client: "me", fetch: async () => { throw new TypeError("Failed to fetch"); } });
  await assert.rejects(gone.get("/x"), { status: 0, passing: true });
  const { api } = answering(200, '{"half": ');
  await assert.rejects(api.get("/x"), { status: 0, passing: true });
});

test("a reply without a body is null", async () => {
  const api = createApi({ base: "/annotator/api/v1", client: "me", fetch: async () => new Response(null, { status: 204 }) });
  assert.equal(await api.send("DELETE", "/x", {}), null);
});

test("while the server is busy it is asked again when it says so, as long as somebody waits", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const busy = () => new ApiError({ status: 503, code: "busy", message: "Too many wait.", retryAfter: 2 });
  let tries = 0;
  const ask = async () => { tries += 1; if (tries < 3) throw busy(); return "ready"; };
  const answer = patiently(ask, () => true);
  for (let n = 0; n < 2; n++) {
    await settle();
    t.mock.timers.tick(1999);
    await settle();
    assert.equal(tries, n + 1);
    t.mock.timers.tick(1);
  }
  assert.equal(await answer, "ready");
  await assert.rejects(patiently(async () => { throw busy(); }, () => false), /Too many wait/);
  await assert.rejects(patiently(async () => { throw new Error("other"); }, () => true), /other/);
});
