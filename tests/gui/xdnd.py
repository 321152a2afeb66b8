"""Drags files onto a window as a file browser does: the source's side of XDND, version 5
(https://www.freedesktop.org/wiki/Specifications/XDND/)."""

import select
import time
from pathlib import Path

from Xlib import X, display, protocol

VERSION = 5


def drop(display_name, target_id, x, y, paths, limit=20):
    """True when the window took the files."""
    server = display.Display(display_name)
    try:
        return _drop(server, target_id, x, y, paths, limit)
    finally:
        server.close()


def _drop(server, target_id, x, y, paths, limit):
    target = server.create_resource_object("window", int(target_id))
    screen = server.screen()
    source = screen.root.create_window(0, 0, 1, 1, 0, screen.root_depth)
    source.set_selection_owner(server.intern_atom("XdndSelection"), X.CurrentTime)
    uris = "".join(Path(path).resolve().as_uri() + "\r\n" for path in paths).encode()
    kind = server.intern_atom("text/uri-list")

    def send(name, *data):
        words = [source.id, *data, 0, 0, 0, 0][:5]
        message = protocol.event.ClientMessage(window=target, client_type=server.intern_atom(name), data=(32, words))
        target.send_event(message)
        server.flush()

    send("XdndEnter", VERSION << 24, kind)
    send("XdndPosition", 0, x << 16 | y, X.CurrentTime, server.intern_atom("XdndActionCopy"))
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if not server.pending_events():
            select.select([server.fileno()], [], [], 0.2)
            continue
        event = server.next_event()
        if event.type == X.SelectionRequest:
            event.requestor.change_property(event.property, kind, 8, uris)
            event.requestor.send_event(protocol.event.SelectionNotify(
                time=event.time, requestor=event.requestor, selection=event.selection, target=event.target,
                property=event.property))
            server.flush()
        elif event.type == X.ClientMessage:
            name = server.get_atom_name(event.client_type)
            if name == "XdndStatus":
                if not event.data[1][1] & 1:
                    return False
                send("XdndDrop", 0, X.CurrentTime)
            elif name == "XdndFinished":
                return event.data[1][1] != 0  # GLFW says how many bytes it took, not just 1
    return False
