"""The drift report: one page that stands alone, made from snapshots."""
