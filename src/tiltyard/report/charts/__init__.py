"""Charts as inline SVG: pure functions from numbers to markup.

A chart has no text in it. It is stretched to the width of its place, and text would be stretched
with it; labels are HTML beside the chart, where names of any language and length are laid out.
"""
