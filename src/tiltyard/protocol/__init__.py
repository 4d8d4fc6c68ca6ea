"""The wire protocol in Python: message classes, precomputed replies, and the slow path's answers.

The data plane decodes and encodes ModelInfer natively; nothing here stands in its way.
"""
