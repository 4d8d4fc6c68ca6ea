"""The benchmark harness: scenarios, peers, and the load that is put on them. See README.md."""
