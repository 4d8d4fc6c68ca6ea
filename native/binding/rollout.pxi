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


cdef dict scores_of(ScoreQuantiles quantiles):
    return {row.first.decode("ascii"): row.second for row in quantiles}


cdef dict score_buckets_of(ScoreBuckets buckets):
    return {bucket.first: int(bucket.second) for bucket in buckets}


cdef dict shadow_output_of(const ShadowOutputStatistics& output):
    return {
        "name": output.name.decode("utf-8", "replace"),
        "mode": output.mode.decode("ascii"),
        "atol": output.atol,
        "rtol": output.rtol,
        "compared": int(output.compared),
        "disagreed": output.disagreed,
        "incompatible": counts_of(output.incompatible),
        "non_finite_champion": int(output.champion_non_finite),
        "non_finite_shadow": int(output.shadow_non_finite),
        "score_diff": scores_of(output.score_difference),
        "score_diff_buckets": score_buckets_of(output.score_buckets),
    }


cdef dict shadow_of(const ShadowStatistics& shadow):
    out = counts_of(shadow.counts)
    out["version"] = int(shadow.version)
    out["source"] = int(shadow.source)
    out["sample_ppm"] = int(shadow.sample_ppm)
    out["dropped"] = counts_of(shadow.dropped)
    out["errors"] = counts_of(shadow.errors)
    out["latency_ns"] = counts_of(shadow.latency_ns)
    out["champion_latency_ns"] = counts_of(shadow.champion_latency_ns)
    out["run_ns"] = counts_of(shadow.run_ns)
    out["latency_buckets"] = histogram_of(shadow.latency)
    out["champion_latency_buckets"] = histogram_of(shadow.champion_latency)
    out["run_buckets"] = histogram_of(shadow.run)
    out["outputs"] = [shadow_output_of(shadow.outputs[i]) for i in range(shadow.outputs.size())]
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
            "unsplit": None if counters.unsplit.role.empty() else arm_of(counters.unsplit),
            "shadows": [shadow_of(counters.shadows[i]) for i in range(counters.shadows.size())],
        }


cdef Rollout make_rollout(CEngine& engine, LoadedVersion champion, epoch, canaries, bytes salt,
                          by_key, bytes owners, shadows):
    cdef LoadedVersion canary, shadow
    cdef Rollout out = Rollout.__new__(Rollout)
    cdef RolloutDraft* draft = new RolloutDraft(champion.served, epoch)
    try:
        for canary in canaries:
            draft.add_canary(canary.served)
        problem = b""
        for shadow, sample_ppm, source_arm, rules in shadows:
            draft.add_shadow(shadow.served, sample_ppm, source_arm)
            for output, mode, atol, rtol in rules:
                problem = problem or draft.add_rule(output.encode(), mode.encode(), atol, rtol)
        draft.split(salt, by_key, owners)
        problem = problem or draft.make(engine, out.rollout)
    finally:
        del draft
    if problem:
        raise ValueError(f"rollout of {champion.model!r}: {problem.decode('utf-8', 'replace')}")
    out.model = champion.model
    out.epoch = int(deref(out.rollout).epoch())
    return out
