"""Procedural clips: scenes from generated stills and free photographs, real codecs, labelled distortions."""
