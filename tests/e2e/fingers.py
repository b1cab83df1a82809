"""Fingers and a pen on the page, as the browser gets them from a touch screen."""

from __future__ import annotations

from playwright.sync_api import CDPSession, Page

Place = tuple[float, float]


class Fingers:
    """Places are CSS pixels of the window; every finger keeps its number until it is lifted."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._down: dict[int, Place] = {}
        self._page = page

    def put(self, **fingers: Place) -> Fingers:
        return self._say("touchStart", fingers)

    def move(self, **fingers: Place) -> Fingers:
        return self._say("touchMove", fingers)

    def lift(self) -> Fingers:
        self._down.clear()
        self._session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        return self

    def tap(self, place: Place) -> Fingers:
        return self.put(a=place).lift()

    def hold(self, place: Place) -> Fingers:
        self.put(a=place)
        self._page.wait_for_timeout(700)
        return self.lift()

    def drag(self, start: Place, end: Place) -> Fingers:
        self.put(a=start)
        for step in range(1, 6):
            part = step / 5
            self.move(a=(start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])))
        return self.lift()

    def pen(self, kind: str, place: Place) -> Fingers:
        """`mousePressed`, `mouseMoved` or `mouseReleased` of a pen."""
        pressed = kind != "mouseReleased"
        self._session.send(
            "Input.dispatchMouseEvent",
            {
                "type": kind,
                "x": place[0],
                "y": place[1],
                "button": "left",
                "buttons": int(pressed),
                "clickCount": 1,
                "pointerType": "pen",
            },
        )
        return self

    def _say(self, kind: str, fingers: dict[str, Place]) -> Fingers:
        self._down.update({ord(name): place for name, place in fingers.items()})
        points = [{"id": number, "x": x, "y": y, "radiusX": 8, "radiusY": 8} for number, (x, y) in self._down.items()]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        return self
