#!/usr/bin/env python3
"""Thumbnails as GNOME makes them, then GTK's file chooser on a folder: for tests/desktop/screenshots.sh.

    file_chooser.py FOLDER
"""
import sys
import time
from pathlib import Path

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GnomeDesktop", "3.0")
from gi.repository import GLib, GnomeDesktop, Gtk

folder = Path(sys.argv[1]).resolve()
factory = GnomeDesktop.DesktopThumbnailFactory.new(GnomeDesktop.DesktopThumbnailSize.NORMAL)
for picture in sorted(folder.glob("*.nae")):
    uri, mtime = picture.as_uri(), int(picture.stat().st_mtime)
    if not factory.can_thumbnail(uri, "image/x-nae", mtime):
        sys.exit(f"{picture.name}: no thumbnailer knows image/x-nae")
    started = time.monotonic()
    thumbnail = factory.generate_thumbnail(uri, "image/x-nae")
    if thumbnail is None:
        sys.exit(f"{picture.name}: no thumbnail")
    print(f"{picture.name}: {thumbnail.get_width()}x{thumbnail.get_height()}, "
          f"{1000 * (time.monotonic() - started):.0f} ms with the sandbox")
    factory.save_thumbnail(thumbnail, uri, mtime)

chooser = Gtk.FileChooserDialog(title="Open a picture", action=Gtk.FileChooserAction.OPEN)
chooser.add_buttons("Cancel", Gtk.ResponseType.CANCEL, "Open", Gtk.ResponseType.OK)
chooser.set_current_folder(str(folder))
chooser.set_default_size(900, 560)
GLib.timeout_add_seconds(30, Gtk.main_quit)
chooser.show()
Gtk.main()
