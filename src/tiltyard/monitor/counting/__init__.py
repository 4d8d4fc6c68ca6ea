"""From records to integer counts: kernels, panes and windows."""
