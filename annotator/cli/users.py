"""`annotator user`: accounts of the people who work on a project."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from annotator.cli.options import DataDir
from annotator.domain.person import Role
from annotator.errors import InvalidInput

if TYPE_CHECKING:
    from annotator.sessions.accounts import Accounts

Name = Annotated[str, typer.Argument(help="Name of the person; it is written to what they make.")]
Folder = Annotated[Path, typer.Argument(help="Folder of the project; by default the current one.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking.")
]
HERE = Path(".")

app = typer.Typer(
    help="Accounts: who may sign in to a project, and what they may do. With the first one everybody has to sign in.",
    no_args_is_help=True,
)


@contextmanager
def _accounts(folder: Path, data_dir: Path | None) -> Iterator[tuple[Accounts, str]]:
    """The accounts of a project, and who is at the command line."""
    from annotator.config import Settings
    from annotator.sessions.accounts import accounts_of

    settings = Settings.load(data_dir=data_dir)
    with accounts_of(folder, settings) as accounts:
        yield accounts, f"{settings.author} (command line)"


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise InvalidInput("There is no terminal to ask for a password; send it with --password-stdin.")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise InvalidInput("The two passwords differ; nothing was changed.")
    return first


@app.command()
def add(
    name: Name,
    folder: Folder = HERE,
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.ANNOTATOR,
    password_stdin: FromStdin = False,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="They come by a token or through a proxy only.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Give somebody an account.

    A viewer looks; an annotator works on images; a curator also reviews, imports, exports, assigns images and keeps
    versions; an admin may do everything.
    """
    with _accounts(folder, data_dir) as (accounts, by):
        password = None if no_password else _password(password_stdin)
        person = accounts.add(name, role=role, password=password, by=by)
    print(f"{person.name} has an account with the role {role.value}.")


@app.command("list")
def list_(folder: Folder = HERE, data_dir: DataDir = None) -> None:
    """Show who has an account."""
    with _accounts(folder, data_dir) as (accounts, _):
        known = accounts.all()
    for account in known:
        how = "" if account.password else "  without password"
        print(f"{account.person.name:24} {account.person.role.value:10} since {account.created[:10]}{how}")
    if not known:
        print("There are no accounts: whoever sits at this computer may do everything.")


@app.command()
def role(
    name: Name,
    role: Annotated[Role, typer.Argument(help="What they may do from now on.")],
    folder: Folder = HERE,
    data_dir: DataDir = None,
) -> None:
    """Let somebody do more, or less; it holds at once."""
    with _accounts(folder, data_dir) as (accounts, by):
        accounts.set_role(name, role, by=by)
    print(f"{name} has the role {role.value} now.")


@app.command()
def password(name: Name, folder: Folder = HERE, password_stdin: FromStdin = False, data_dir: DataDir = None) -> None:
    """Give somebody another password; they are signed out everywhere."""
    with _accounts(folder, data_dir) as (accounts, by):
        accounts.set_password(name, _password(password_stdin), by=by)
    print(f"{name} has another password, and is signed out everywhere.")


@app.command()
def remove(name: Name, folder: Folder = HERE, data_dir: DataDir = None) -> None:
    """Remove an account; what the person made stays, with their name."""
    with _accounts(folder, data_dir) as (accounts, by):
        accounts.remove(name, by=by)
        left = accounts.exist
    print(f"{name} has no account any more.")
    if not left:
        print("There are no accounts left: whoever sits at this computer may do everything.")


@app.command("sign-out")
def sign_out(name: Name, folder: Folder = HERE, data_dir: DataDir = None) -> None:
    """End all sessions of a person, in every browser."""
    with _accounts(folder, data_dir) as (accounts, by):
        count = accounts.sign_out_everywhere(name, by=by)
    print(f"{name} is signed out everywhere; {count} {'session' if count == 1 else 'sessions'} ended.")


@app.command()
def token(
    name: Name,
    label: Annotated[str, typer.Argument(help="What it is for, e.g. nightly-export.")],
    folder: Folder = HERE,
    revoke: Annotated[bool, typer.Option("--revoke", help="Make the token of this label worthless.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Make a token with which a script may do what the person may; it is printed once."""
    with _accounts(folder, data_dir) as (accounts, by):
        if revoke:
            accounts.revoke_token(name, label=label, by=by)
            print(f"The token {label} of {name} is worthless now.")
        else:
            print(accounts.create_token(name, label=label, by=by))


@app.command()
def tokens(name: Name, folder: Folder = HERE, data_dir: DataDir = None) -> None:
    """Show which tokens a person has."""
    with _accounts(folder, data_dir) as (accounts, _):
        found = accounts.tokens(name)
    for label, made in found:
        print(f"{label:32} since {made[:10]}")
    if not found:
        print(f"{name} has no tokens.")


@app.command()
def audit(
    folder: Folder = HERE,
    limit: Annotated[int, typer.Option(min=1, help="How many lines to show at most.")] = 50,
    data_dir: DataDir = None,
) -> None:
    """Show who signed in, failed to, changed accounts, imported, exported and restored, the newest first."""
    with _accounts(folder, data_dir) as (accounts, _):
        found = accounts.audit(limit=limit)
    for one in found:
        where = f" from {one.address}" if one.address else ""
        print(f"{one.at[:19].replace('T', ' ')}  {one.person:20} {one.what}{where}  {one.about}".rstrip())
    if not found:
        print("Nothing was noted yet.")
