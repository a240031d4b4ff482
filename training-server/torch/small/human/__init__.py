"""Closed-form features of published video quality models, and the head that predicts human scores of them.

The features are those of VIDEVAL's published tables (arXiv 2005.14354) at 480 lines and 3 samples a second,
of which `core/sampling/human-features.json` lists 47. A head trained on the tables and their human scores is
valid for a clip whose features are computed by the same formulas. One module holds one family of features.
"""
