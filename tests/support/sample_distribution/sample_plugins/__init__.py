"""One plug-in of each kind, as another distribution would bring it."""
