"""The frame around the screens: pocket and desk shells, status strip, notices. UI thread."""
