"""The forms of a page, as a browser would send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

CHECKABLE = ("checkbox", "radio")


@dataclass
class PageForm:
    """A form: where it goes, its values, and the names of its password fields."""

    action: str
    values: dict[str, list[str]] = field(default_factory=dict)
    passwords: set[str] = field(default_factory=set)

    def __getitem__(self, name: str) -> str:
        [value] = self.values[name]
        return value


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.open_form: PageForm | None = None
        self.select = self.textarea = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form" and given.get("method") == "post":
            self.open_form = PageForm(given.get("action", ""))
            self.forms.append(self.open_form)
        elif self.open_form and tag in ("input", "select", "option", "textarea"):
            self._read_control(self.open_form, tag, given)

    def _read_control(self, form: PageForm, tag: str, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "")
        if tag == "input" and name and kind != "submit":
            if kind == "password":
                form.passwords.add(name)
            if kind not in CHECKABLE or "checked" in given:
                form.values.setdefault(name, []).append(given.get("value", "on"))
        elif tag == "select":
            self.select = name
        elif tag == "option" and ("selected" in given or self.select not in form.values):
            form.values[self.select] = [given.get("value", "")]
        elif tag == "textarea":
            self.textarea = name
            form.values[name] = [""]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open_form = None
        if tag == "textarea" and self.open_form:
            text = self.open_form.values[self.textarea][0]
            # A browser drops the first line end.
            self.open_form.values[self.textarea] = [text.removeprefix("\n")]
            self.textarea = ""

    def handle_data(self, data: str) -> None:
        if self.textarea and self.open_form:
            self.open_form.values[self.textarea][0] += data


def forms_of(response: Any) -> list[PageForm]:
    """Returns the forms of a page that are sent by POST."""
    parser = _Parser()
    parser.feed(response.content.decode())
    return parser.forms


def form_with(response: Any, *names: str) -> PageForm:
    """Returns the one form that has fields with these names."""
    [found] = [form for form in forms_of(response) if {*names} <= form.values.keys()]
    return found
