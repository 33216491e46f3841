"""The sizes and formats of pictures. Apart from the drawing, which needs libraries that pages do not."""

DRAWING_VERSION = 3  # part of addresses and file names, so that a new number replaces all pictures
# In pixels. The size `link` is a JPEG in the proportions to which programs crop link previews, because some
# of them can't read WebP.
SIZES = {"card": (480, 270), "page": (1200, 675), "link": (1200, 630)}
FORMATS = {"card": "webp", "page": "webp", "link": "jpeg"}
