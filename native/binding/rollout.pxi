# Rollouts as Python sees them; included by _core.pyx. See _core.pyi for the contract.


cdef dict histogram_of(HistogramCounts buckets):
    return {int(bucket.first): int(bucket.second) for bucket in buckets}


cdef dict arm_of(const ArmCounters& arm):
    out = counts_of(arm.counts)
    out["role"] = arm.role.decode("ascii")
    out["version"] = int(arm.version)
    out["errors"] = counts_of(arm.errors)
    out["latency_ns"] = counts_of(arm.latency_ns)
    out["run_ns"] = counts_of(arm.run_ns)
    out["latency_buckets"] = histogram_of(arm.latency)
    out["run_buckets"] = histogram_of(arm.run)
    return out


cdef class Rollout:
    """One model's routing at one epoch, and what its arms have counted."""

    cdef shared_ptr[CRollout] rollout
    cdef readonly str model
    cdef readonly object epoch

    def __init__(self):
        raise TypeError("a Rollout is made by Engine.make_rollout")

    def counters(self):
        cdef RolloutCounters counters
        with nogil:
            counters = read_rollout(deref(self.rollout))
        return {
            "model": self.model,
            "epoch": self.epoch,
            "unkeyed": int(counters.unkeyed),
            "ineligible": int(counters.ineligible),
            "arms": [arm_of(counters.arms[i]) for i in range(counters.arms.size())],
        }


cdef Rollout make_rollout(CEngine& engine, LoadedVersion champion, epoch, canaries, bytes salt,
                          by_key, bytes owners):
    cdef LoadedVersion canary
    cdef Rollout out = Rollout.__new__(Rollout)
    cdef RolloutDraft* draft = new RolloutDraft(champion.served, epoch)
    try:
        for canary in canaries:
            draft.add_canary(canary.served)
        draft.split(salt, by_key, owners)
        problem = draft.make(engine, out.rollout).decode("utf-8", "replace")
    finally:
        del draft
    if problem:
        raise ValueError(f"rollout of {champion.model!r}: {problem}")
    out.model = champion.model
    out.epoch = int(deref(out.rollout).epoch())
    return out
