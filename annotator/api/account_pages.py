"""The pages of accounts as HTML; every text in them is escaped, and no script is allowed in them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from annotator.domain.person import Person

POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
}

_STYLE = """
:root { color-scheme: light dark; --bg: #f6f7f9; --surface: #fff; --line: #c9ced8; --text: #16191f; --muted: #59616f;
  --accent: #2f5bd8; --on-accent: #fff; --red: #c02b2b; --sunken: #eef0f3; }
@media (prefers-color-scheme: dark) { :root { --bg: #0f1115; --surface: #16191f; --line: #3a414e; --text: #e8ebf0;
  --muted: #a3acba; --accent: #6f95ff; --on-accent: #0b1020; --red: #ff7b72; --sunken: #0f1115; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px; background: var(--bg);
  color: var(--text); font: 400 14px/20px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { width: min(360px, 100%); padding: 32px; border: 1px solid var(--line); border-radius: 12px;
  background: var(--surface); display: grid; gap: 16px; }
main.wide { width: min(560px, 100%); gap: 24px; }
h1 { margin: 0; font-size: 20px; line-height: 28px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 0; font-size: 14px; line-height: 20px; }
p { margin: 0; color: var(--muted); } code { font: 13px/20px ui-monospace, Menlo, Consolas, monospace; }
form, section { display: grid; gap: 12px; } form.row { grid-template-columns: 1fr auto; align-items: end; }
label { display: grid; gap: 4px; font-weight: 500; }
input { height: 36px; padding: 0 10px; border: 1px solid var(--line); border-radius: 6px; background: var(--bg);
  color: inherit; font: inherit; width: 100%; }
button, a.button { height: 36px; padding: 0 16px; border: 1px solid var(--line); border-radius: 6px; cursor: pointer;
  background: transparent; color: inherit; font: 500 14px/34px inherit; font-family: inherit; text-decoration: none; }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
a { color: var(--accent); }
.problem { padding: 8px 12px; border: 1px solid var(--red); border-radius: 6px; color: var(--red); }
.token { display: grid; gap: 4px; padding: 12px;
  border-radius: 6px; background: var(--sunken); overflow-wrap: anywhere; }
.actions { display: flex; gap: 8px; flex-wrap: wrap; }
ul { margin: 0; padding: 0; list-style: none; display: grid; gap: 8px; }
li form { grid-template-columns: 1fr auto; align-items: center; } li small { color: var(--muted); font-size: 12px; }
"""


def login(project: str, *, action: str, name: str = "", problem: str | None = None) -> str:
    """The form to sign in; `problem`: why the last try failed."""
    first, second = ("", " autofocus") if name else (" autofocus", "")
    return plain_page(
        "Sign in",
        f"""<main><h1>annotator</h1><p>Sign in to “{escape(project)}”.</p>{_problem(problem)}
<form method="post" action="{escape(action)}">
<label>Name<input name="name" value="{escape(name)}" autocomplete="username" required maxlength="100"{first}></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required{second}></label>
<button class="primary">Sign in</button></form></main>""",
    )


def account(
    person: Person,
    *,
    root: str,
    tokens: Sequence[tuple[str, str]],
    known: bool,
    token: str | None = None,
    problem: str | None = None,
) -> str:
    """A person's own account; `known`: it is in the project's database, and not only a proxy's word."""
    here = escape(root)
    parts = [
        f"<header><h1>{escape(person.name)}</h1><p>Role: {escape(person.role.value)}</p></header>",
        _problem(problem),
    ]
    if token is not None:
        parts.append(
            f'<p class="token" role="status"><span>The token. It is shown only now; send it as'
            f" <code>Authorization: Bearer …</code></span><code data-token>{escape(token)}</code></p>"
        )
    if known:
        parts += [_sign_out(here), _password(here), _tokens(here, tokens)]
    parts.append(f'<p><a href="{here}/">Back to the images</a></p>')
    return plain_page(person.name, f'<main class="wide">{"".join(parts)}</main>')


def _sign_out(root: str) -> str:
    return f"""<section class="actions"><form method="post" action="{root}/logout"><button>Sign out</button></form>
<form method="post" action="{root}/logout?everywhere=true"><button>Sign out everywhere</button></form></section>"""


def _password(root: str) -> str:
    return f"""<section><h2>Password</h2><form method="post" action="{root}/account">
<input type="hidden" name="action" value="password">
<label>Present password<input name="old" type="password" autocomplete="current-password" required></label>
<label>New password<input name="password" type="password" autocomplete="new-password" minlength="10" required></label>
<button>Change it and sign out everywhere</button></form></section>"""


def _tokens(root: str, tokens: Sequence[tuple[str, str]]) -> str:
    rows = "".join(
        f"""<li><form method="post" action="{root}/account"><input type="hidden" name="action" value="revoke">
<input type="hidden" name="label" value="{escape(label)}"><span>{escape(label)} <small>since {escape(made[:10])}</small>
</span><button aria-label="Revoke {escape(label)}">Revoke</button></form></li>"""
        for label, made in tokens
    )
    listed = f"<ul>{rows}</ul>" if rows else "<p>A token lets a script do what you may do.</p>"
    return f"""<section><h2>Tokens for scripts</h2>{listed}<form class="row" method="post" action="{root}/account">
<input type="hidden" name="action" value="token">
<label>What it is for<input name="label" required maxlength="100"></label><button>Make a token</button>
</form></section>"""


def _problem(problem: str | None) -> str:
    return "" if problem is None else f'<p class="problem" role="alert">{escape(problem)}</p>'


def plain_page(title: str, body: str) -> str:
    """A page without scripts; `body` is HTML already."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} – annotator</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    )
